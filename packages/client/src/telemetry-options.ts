import type { BatchContext, EventKind, EventResult } from "@mosis/types/telemetry";
import type { MosisProblem } from "./problem.ts";

export interface TelemetryOptions {
  /** The base URL of the ingest service. */
  endpoint: string;
  /** An ingest key (`mi_live_…`). */
  key: string;
  /** The app's package id; needed only with a key that serves several apps. */
  packageId?: string;
  /** The context that all events share; a function is called once for every batch. */
  context?: BatchContext | (() => BatchContext);
  /** The session of events that do not name their own. */
  sessionId?: string;
  sdk?: { name: string; version: string };
  /** A batch is sent as soon as it has this many events, … (1–1000, default 200) */
  batchEventsMax?: number;
  /** … or this many bytes of events (default 256 KiB, at most 900 KiB), … */
  batchBytesMax?: number;
  /** … or its oldest event has waited this long (default 5 s). */
  batchAgeMsMax?: number;
  /**
   * The number of events that may wait for the network (default 10 000); beyond it, the oldest are dropped,
   * counted and reported.
   */
  queueEventsMax?: number;
  /** The bytes of events that may wait (default 8 MiB). */
  queueBytesMax?: number;
  /**
   * The first pause after a failed attempt (default 500 ms); it doubles up to `retryDelayMsMax` (default 60
   * s).
   */
  retryDelayMsMin?: number;
  retryDelayMsMax?: number;
  requestTimeoutMs?: number;
  /**
   * Milliseconds that a batch is kept when the server does not know its key or app (401, 404; default 10
   * minutes). A server that has lost its data about them answers the same until it has learned it again.
   */
  unknownKeptMs?: number;
  /** Bodies from this size on are compressed (default 1 KiB). */
  gzipBytesMin?: number;
  fetch?: typeof fetch;
  /** Is called with everything that did not go as planned. Must not throw. */
  onReport?: (report: TelemetryReport) => void;
}

export type TelemetryReport =
  | { kind: "results"; batchId: string; results: readonly EventResult[] }
  | { kind: "retrying"; batchId: string; delayMs: number; error: Error }
  | { kind: "refused"; batchId: string; events: number; problem: MosisProblem }
  | { kind: "discarded"; reason: string; count: number };

export interface TrackOptions {
  kind?: EventKind;
  /** The time when it happened: a Date or milliseconds since 1970. Default: now. */
  time?: Date | number;
  sessionId?: string;
  durationMs?: number;
  properties?: Record<string, string | number | boolean>;
}

export interface TelemetryStats {
  /** The number of events that are waiting or being sent. */
  pending: number;
  accepted: number;
  rejected: number;
  /** The number of events that the server did not keep because of a restriction. */
  dropped: number;
  /** The number of events that this client has discarded since it was created, by reason. */
  discarded: Record<string, number>;
}

export interface Telemetry {
  /**
   * Queues an event. Never throws and never waits; an event that cannot be kept is counted and reported to
   * the server.
   */
  track(name: string, options?: TrackOptions): void;
  /**
   * Sends the events that are queued now. Resolves with the events still pending when all are settled or the
   * time is over.
   */
  flush(options?: { timeoutMs?: number }): Promise<{ pending: number }>;
  /** Flushes, then stops: events that are still pending are given up, later events are discarded. */
  close(options?: { timeoutMs?: number }): Promise<{ pending: number }>;
  stats(): TelemetryStats;
}
