import type { BatchContext, EventKind, EventResult } from "@mosis/types/telemetry";
import type { MosisProblem } from "./problem.ts";

export interface TelemetryOptions {
  /** Base URL of the ingest service. */
  endpoint: string;
  /** An ingest key (`mi_live_…`). */
  key: string;
  /** Needed only with a key that serves several apps. */
  packageId?: string;
  /** What all events share; a function is asked once for every batch. */
  context?: BatchContext | (() => BatchContext);
  /** Session of events that name none of their own. */
  sessionId?: string;
  sdk?: { name: string; version: string };
  /** A batch goes as soon as it has this many events, … (1–1000, default 200) */
  batchEventsMax?: number;
  /** … or this many bytes of events (default 256 KiB, at most 900 KiB), … */
  batchBytesMax?: number;
  /** … or its oldest event has waited this long (default 5 s). */
  batchAgeMsMax?: number;
  /**
   * Events that may wait for the network (default 10 000); beyond, the oldest are dropped, counted and
   * reported.
   */
  queueEventsMax?: number;
  /** Bytes of events that may wait (default 8 MiB). */
  queueBytesMax?: number;
  /**
   * First pause after a failed attempt (default 500 ms); it doubles up to `retryDelayMsMax` (default 60 s).
   */
  retryDelayMsMin?: number;
  retryDelayMsMax?: number;
  requestTimeoutMs?: number;
  /**
   * How long a batch is kept whose key or app the server does not know (401, 404; default 10 minutes). A
   * server that has lost what it knew of them says the same until it has learned it again.
   */
  unknownKeptMs?: number;
  /** Bodies from this size on are compressed (default 1 KiB). */
  gzipBytesMin?: number;
  fetch?: typeof fetch;
  /** Told of everything that did not go as planned. Must not throw. */
  onReport?: (report: TelemetryReport) => void;
}

export type TelemetryReport =
  | { kind: "results"; batchId: string; results: readonly EventResult[] }
  | { kind: "retrying"; batchId: string; delayMs: number; error: Error }
  | { kind: "refused"; batchId: string; events: number; problem: MosisProblem }
  | { kind: "discarded"; reason: string; count: number };

export interface TrackOptions {
  kind?: EventKind;
  /** When it happened: a Date or milliseconds since 1970. Default: now. */
  time?: Date | number;
  sessionId?: string;
  durationMs?: number;
  properties?: Record<string, string | number | boolean>;
}

export interface TelemetryStats {
  /** Events waiting or on their way. */
  pending: number;
  accepted: number;
  rejected: number;
  /** Events that the server did not keep because of a restriction. */
  dropped: number;
  /** Events that this client threw away, by reason, since it was created. */
  discarded: Record<string, number>;
}

export interface Telemetry {
  /**
   * Queues an event. Never throws and never waits; what cannot be kept is counted and reported to the server.
   */
  track(name: string, options?: TrackOptions): void;
  /**
   * Sends what is queued now. Resolves with the events still pending when all are settled or the time is
   * over.
   */
  flush(options?: { timeoutMs?: number }): Promise<{ pending: number }>;
  /** `flush`, then no more: what is still pending is given up, later events are discarded. */
  close(options?: { timeoutMs?: number }): Promise<{ pending: number }>;
  stats(): TelemetryStats;
}
