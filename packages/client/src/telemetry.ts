import { withoutEndSlashes } from "./endpoint.ts";
import { type EventResult, telemetryLimits } from "@mosis/types/telemetry";
import { backoffMs } from "./backoff.ts";
import { type Batch, deliver, isOfUnknown, type Outcome, type Route } from "./delivery.ts";
import { encodeEvent, EventQueue } from "./queue.ts";
import type { Telemetry, TelemetryOptions, TelemetryStats, TrackOptions } from "./telemetry-options.ts";
import { newUuid } from "./uuid.ts";

export function createTelemetry(options: TelemetryOptions): Telemetry {
  return new BufferedTelemetry(options);
}

const flushTimeoutMs = 5_000;
/** The number of times that one event is sent again because the server asked for it. */
const eventRetriesMax = 10;

class BufferedTelemetry implements Telemetry {
  readonly #options: TelemetryOptions;
  readonly #limits: { eventsMax: number; bytesMax: number; ageMsMax: number };
  readonly #route: Route;
  readonly #queue: EventQueue;
  readonly #stop = new AbortController();
  readonly #stats = { accepted: 0, rejected: 0, dropped: 0, discarded: new Map<string, number>() };
  /** Events that were discarded and not yet reported to the server, by reason. */
  #unreported = new Map<string, number>();
  #batch: Batch | null = null;
  #failures = 0;
  #running = false;
  #flushes = 0;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiters = new Set<() => void>();

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#limits = {
      eventsMax: Math.min(options.batchEventsMax ?? 200, telemetryLimits.eventsPerBatchMax),
      bytesMax: Math.min(options.batchBytesMax ?? 262_144, 921_600),
      ageMsMax: options.batchAgeMsMax ?? 5_000,
    };
    this.#queue = new EventQueue({
      eventsMax: options.queueEventsMax ?? 10_000,
      bytesMax: options.queueBytesMax ?? 8_388_608,
    });
    this.#route = {
      endpoint: withoutEndSlashes(options.endpoint),
      key: options.key,
      packageId: options.packageId,
      sdk: options.sdk ?? { name: "mosis-client-js", version: "0.1.0" },
      gzipBytesMin: options.gzipBytesMin ?? 1_024,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    };
  }

  track(name: string, options: TrackOptions = {}): void {
    if (this.#closed) return this.#discard("closed", 1);
    const event = encodeEvent(name, { sessionId: this.#options.sessionId, ...options });
    if (event === null) return this.#discard("not_serializable", 1);
    if (event.bytes > telemetryLimits.eventBytesMax) return this.#discard("event_too_large", 1);
    this.#discard("queue_overflow", this.#queue.push(event));
    this.#wake();
  }

  async flush({ timeoutMs = flushTimeoutMs }: { timeoutMs?: number } = {}): Promise<{ pending: number }> {
    this.#flushes++;
    this.#wake();
    await this.#untilSettled(timeoutMs);
    this.#flushes--;
    return { pending: this.#pending() };
  }

  async close(options: { timeoutMs?: number } = {}): Promise<{ pending: number }> {
    this.#closed = true;
    const result = await this.flush(options);
    this.#stop.abort();
    clearTimeout(this.#timer);
    return result;
  }

  stats(): TelemetryStats {
    const { discarded, ...counts } = this.#stats;
    return { pending: this.#pending(), ...counts, discarded: Object.fromEntries(discarded) };
  }

  #pending(): number {
    return this.#queue.length + (this.#batch?.events.length ?? 0);
  }

  /** Starts the sender when a batch is due, or sets the timer for the time when it will be. */
  #wake(): void {
    if (this.#running || this.#stop.signal.aborted) return;
    if (this.#isDue()) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      void this.#run();
      return;
    }
    const { oldestAt } = this.#queue;
    if (oldestAt === undefined || this.#timer !== undefined) return;
    const delayMs = Math.max(0, oldestAt + this.#limits.ageMsMax - Date.now());
    this.#timer = unref(
      setTimeout(() => {
        this.#timer = undefined;
        this.#wake();
      }, delayMs),
    );
  }

  #isDue(): boolean {
    if (this.#batch !== null) return true;
    const { length, bytes, oldestAt } = this.#queue;
    if (length === 0) return this.#flushes > 0 && this.#unreported.size > 0;
    if (this.#flushes > 0 || length >= this.#limits.eventsMax || bytes >= this.#limits.bytesMax) return true;
    return oldestAt !== undefined && Date.now() - oldestAt >= this.#limits.ageMsMax;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#isDue() && !this.#stop.signal.aborted) {
      this.#batch ??= this.#form();
      const outcome = await deliver(this.#batch, this.#route, this.#stop.signal);
      if (this.#stop.signal.aborted) break;
      const delayMs = this.#settle(this.#batch, outcome);
      this.#tellWaiters();
      if (delayMs > 0) await pause(delayMs, this.#stop.signal);
    }
    this.#running = false;
    this.#tellWaiters();
    this.#wake();
  }

  #form(): Batch {
    const { context } = this.#options;
    const batch: Batch = {
      id: newUuid(),
      events: this.#queue.take(this.#limits),
      context: typeof context === "function" ? context() : context,
      discarded: this.#unreported,
      unknownSinceMs: null,
    };
    this.#unreported = new Map();
    return batch;
  }

  /** Records what happened to a batch. Returns the milliseconds to wait before the next attempt. */
  #settle(batch: Batch, delivered: Outcome): number {
    const { retryDelayMsMin: minMs = 500, retryDelayMsMax: maxMs = 60_000, onReport } = this.#options;
    const outcome = delivered.kind === "refused" ? this.#unlessKnownLater(batch, delivered) : delivered;
    if (outcome.kind === "again") {
      const delayMs = backoffMs(this.#failures++, { minMs, maxMs, notBeforeMs: outcome.notBeforeMs });
      onReport?.({ kind: "retrying", batchId: batch.id, delayMs, error: outcome.error });
      return delayMs;
    }
    this.#batch = null;
    if (outcome.kind === "refused") {
      for (const [reason, count] of batch.discarded) add(this.#unreported, reason, count);
      onReport?.({
        kind: "refused",
        batchId: batch.id,
        events: batch.events.length,
        problem: outcome.problem,
      });
      this.#discard(`refused_${outcome.problem.code}`, batch.events.length);
      // The next batch would most likely get the same answer, and the client must not hammer the server.
      return backoffMs(this.#failures++, { minMs, maxMs });
    }
    const { accepted, rejected, dropped, results } = outcome.answer;
    const again = this.#putBack(batch, results);
    this.#stats.accepted += accepted;
    this.#stats.rejected += rejected - again;
    this.#stats.dropped += dropped;
    if (results.length > 0) onReport?.({ kind: "results", batchId: batch.id, results });
    if (again > 0) return backoffMs(this.#failures++, { minMs, maxMs });
    this.#failures = 0;
    return 0;
  }

  /** A batch of an unknown key or app is sent again for a while, like one that did not arrive. */
  #unlessKnownLater(batch: Batch, refused: Outcome & { kind: "refused" }): Outcome {
    const { problem } = refused;
    if (!isOfUnknown(problem)) return refused;
    batch.unknownSinceMs ??= Date.now();
    const isKept = Date.now() - batch.unknownSinceMs < (this.#options.unknownKeptMs ?? 600_000);
    return isKept ? { kind: "again", notBeforeMs: problem.retryAfterMs, error: problem } : refused;
  }

  /**
   * Queues the events that the server asks to send again, under a new batch id, because this one is settled.
   */
  #putBack(batch: Batch, results: readonly EventResult[]): number {
    const asked = results.flatMap((result) =>
      result.result === "retry" ? (batch.events[result.index] ?? []) : [],
    );
    const again = asked.filter((event) => event.retries < eventRetriesMax);
    this.#discard("retries_exhausted", asked.length - again.length);
    const dropped = this.#queue.putBack(again.map((event) => ({ ...event, retries: event.retries + 1 })));
    this.#discard("queue_overflow", dropped);
    return asked.length;
  }

  #discard(reason: string, count: number): void {
    if (count === 0) return;
    add(this.#unreported, reason, count);
    add(this.#stats.discarded, reason, count);
    this.#options.onReport?.({ kind: "discarded", reason, count });
  }

  #untilSettled(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve();
      };
      const check = () => {
        // A remaining report of discarded events is not worth a wait once an attempt has failed.
        if (this.#pending() === 0 && (!this.#running || this.#failures > 0)) done();
      };
      // The timer is not unref'd: a process that awaits its last flush must not end before it.
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(check);
      check();
    });
  }

  #tellWaiters(): void {
    for (const check of this.#waiters) check();
  }
}

function add(counts: Map<string, number>, reason: string, count: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + count);
}

/** Resolves after the time or when the signal says stop. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = unref(setTimeout(done, delayMs));
    signal.addEventListener("abort", done);
  });
}

/** Telemetry never keeps a Node process alive. In browsers a timer is a number and there is nothing to do. */
function unref(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
