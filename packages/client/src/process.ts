// Reports self-telemetry of a Node process, through the same public API that apps use.
import { createHash } from "node:crypto";
import { arch, hostname, platform, release } from "node:os";
import { PerformanceObserver } from "node:perf_hooks";
import { RequestSummary, type RequestSample } from "./request-summary.ts";
import { createTelemetry } from "./telemetry.ts";
import type { Telemetry, TelemetryReport } from "./telemetry-options.ts";
import { newUuid } from "./uuid.ts";

export type { RequestSample } from "./request-summary.ts";

export interface SelfTelemetryOptions {
  /** The name of the process in every event, e.g. `telemetry-ingest`. */
  service: string;
  /**
   * The ingest service and key to report to; null switches self-telemetry off, and every call becomes a
   * no-op.
   */
  target: { endpoint: string; key: string } | null;
  /** The version of the platform, for `mosis_version`. */
  version?: string;
  /** The interval at which requests are summed up and sent (default 10 s). */
  intervalMs?: number;
  /** The length from which pauses of the garbage collector are events (default 20 ms). */
  gcPauseMsMin?: number;
  /** The duration from which requests are events of their own, like those answered with 5xx (default 1 s). */
  slowRequestMsMin?: number;
  /**
   * The most single events (slow requests, slow queries, GC pauses) in an interval; the rest is only counted
   * (default 50).
   */
  singleEventsMax?: number;
  onReport?: (report: TelemetryReport) => void;
}

export interface SlowQuery {
  store: "postgres" | "clickhouse" | "kafka";
  /** The statement's text, without the values of its parameters. */
  statement: string;
  duration_ms: number;
}

export interface SelfTelemetry {
  /** Records one answered request; pass it to `createApp` as `observe`. */
  observe(sample: RequestSample): void;
  slowQuery(query: SlowQuery): void;
  /** Sends the remaining events, and waits at most `timeoutMs` (default 1 s). */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

/**
 * Reports starts, requests, GC pauses and slow queries of this process.
 *
 * It cannot feed itself: requests are summed up per route and status for each interval, so that a process
 * sends at most
 * a fixed number of events an interval, however many requests it serves – the ones that carry these reports
 * included.
 */
export function createSelfTelemetry(options: SelfTelemetryOptions): SelfTelemetry {
  if (options.target === null) return { observe() {}, slowQuery() {}, close: async () => {} };
  const intervalMs = options.intervalMs ?? 10_000;
  return new ProcessReporter(options, intervalMs, openTelemetry(options, options.target, intervalMs));
}

class ProcessReporter implements SelfTelemetry {
  readonly #options: SelfTelemetryOptions;
  readonly #telemetry: Telemetry;
  readonly #requests = new RequestSummary();
  readonly #timer: NodeJS.Timeout;
  readonly #collector: PerformanceObserver;
  #singles = 0;
  #suppressed = 0;

  constructor(options: SelfTelemetryOptions, intervalMs: number, telemetry: Telemetry) {
    this.#options = options;
    this.#telemetry = telemetry;
    this.#collector = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#gcPause(entry);
    });
    this.#collector.observe({ entryTypes: ["gc"] });
    this.#timer = setInterval(() => this.#endInterval(), intervalMs).unref();
    telemetry.track("process.started", {
      properties: {
        service: options.service,
        node: process.versions.node,
        boot_ms: Math.round(process.uptime() * 1000),
      },
    });
  }

  observe(sample: RequestSample): void {
    this.#requests.add(sample);
    const { slowRequestMsMin = 1_000 } = this.#options;
    if (sample.duration_ms < slowRequestMsMin && sample.status < 500) return;
    const { duration_ms, ...properties } = sample;
    this.#single("http.request", sample.status >= 500 ? "error" : "perf", duration_ms, properties);
  }

  slowQuery({ store, statement, duration_ms }: SlowQuery): void {
    this.#single("query.slow", "perf", duration_ms, { store, statement: statement.slice(0, 1_000) });
  }

  async close({ timeoutMs = 1_000 }: { timeoutMs?: number } = {}): Promise<void> {
    clearInterval(this.#timer);
    this.#collector.disconnect();
    this.#endInterval();
    await this.#telemetry.close({ timeoutMs });
  }

  #gcPause(entry: PerformanceEntry): void {
    const { gcPauseMsMin = 20 } = this.#options;
    if (entry.duration < gcPauseMsMin) return;
    const { kind } = (entry as PerformanceEntry & { detail: { kind: number } }).detail;
    this.#single("gc.pause", "perf", entry.duration, { gc: gcNames[kind] ?? String(kind) });
  }

  #single(
    name: string,
    kind: "perf" | "error",
    durationMs: number,
    properties: Record<string, string | number>,
  ): void {
    if (this.#singles >= (this.#options.singleEventsMax ?? 50)) {
      this.#suppressed++;
      return;
    }
    this.#singles++;
    const { service } = this.#options;
    this.#telemetry.track(name, {
      kind,
      durationMs: Math.round(durationMs),
      properties: { service, ...properties },
    });
  }

  #endInterval(): void {
    const { service } = this.#options;
    for (const { durationMs, properties } of this.#requests.take()) {
      this.#telemetry.track("http.requests", {
        kind: "perf",
        durationMs,
        properties: { service, ...properties },
      });
    }
    if (this.#suppressed > 0) {
      this.#telemetry.track("self_telemetry.suppressed", {
        properties: { service, count: this.#suppressed },
      });
    }
    this.#singles = 0;
    this.#suppressed = 0;
  }
}

/** `detail.kind` of a `gc` performance entry: the bits of `perf_hooks.constants.NODE_PERFORMANCE_GC_*`. */
const gcNames: Record<number, string> = { 1: "minor", 4: "major", 8: "incremental", 16: "weak_callbacks" };

function openTelemetry(
  { service, version, onReport }: SelfTelemetryOptions,
  { endpoint, key }: { endpoint: string; key: string },
  batchAgeMsMax: number,
): Telemetry {
  return createTelemetry({
    endpoint,
    key,
    sessionId: newUuid(),
    batchAgeMsMax: batchAgeMsMax / 2,
    queueEventsMax: 2_000,
    queueBytesMax: 1_048_576,
    retryDelayMsMin: 1_000,
    context: {
      // The id is the same for every start of this service on this machine: an install of it.
      install_id: uuidOf(`${service}@${hostname()}`),
      os: platform(),
      os_version: release(),
      device_model: arch(),
      ...(version === undefined ? {} : { mosis_version: version }),
    },
    ...(onReport === undefined ? {} : { onReport }),
  });
}

/** Returns a UUIDv8 (RFC 9562 §5.8) that depends only on the text. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
