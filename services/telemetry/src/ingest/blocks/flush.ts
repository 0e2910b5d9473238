import type { OutgoingBatch } from "@mosis/kafka";
import { openBlocks } from "./blocks.ts";

/**
 * Called exactly once: with null when everything that was appended is on all in-sync replicas, otherwise with
 * the reason why that is not known.
 */
export type Acknowledge = (error: Error | null) => void;

export interface Sent {
  rows: number;
  bytes: number;
  requests: number;
  durationMs: number;
  /** The reason of a failed flush; null when it was acknowledged. */
  failure: Error | null;
}

export interface FlushOptions {
  /**
   * Sends the records of a flush.
   * @param withinMs the bound of the send.
   */
  send: (batches: OutgoingBatch[], withinMs: number) => Promise<void>;
  /**
   * Returns how many partitions the topic of events has now. Flushes take turns over them, so that no app can
   * overload one.
   */
  partitions: () => number;
  /**
   * A flush is closed at this size. With one more request on top it must stay below the record size of the
   * topic.
   */
  flushBytesMax: number;
  /** How many flushes may be under way at the same time. */
  flushesInFlightMax: number;
  /**
   * The time from the start of a flush to the start of the next one, unless that is full. Each send costs the
   * broker and us as much as a hundred events; the first one after a pause waits for nothing.
   */
  flushIntervalMs: number;
  /**
   * The time from the first request of a flush to its answer, whatever it waits for: OpenTelemetry's SDKs
   * give up after 10 s, and count events as lost that we may still store.
   */
  answerMsMax: number;
  onSent: (sent: Sent) => void;
}

export const flushLimits = {
  /** @limit a flush */
  flushBytesMax: 750_000,
  /** @limit flushes under way */
  flushesInFlightMax: 1,
  /** @limit from one flush to the next */
  flushIntervalMs: 3,
  /** @limit from the first request of a flush to its answer */
  answerMsMax: 7500,
};

interface Flush {
  /**
   * The parts are sent one after the other, to one partition. There is more than one only for requests that
   * are larger than a record.
   */
  parts: OutgoingBatch[][];
  waiters: Acknowledge[];
  partition: number;
  rows: number;
  bytes: number;
  /** When the first request of the flush came. */
  openedMs: number;
}

/** Group commit: what arrives while a send is under way, or just after its start, becomes the next send. */
export class Flusher {
  /** Append to these blocks and call `commit` in the same turn of the event loop. */
  readonly blocks = openBlocks();
  private readonly options: FlushOptions;
  private readonly closed: Flush[] = [];
  private turn: number;
  private open: Flush;
  private sends = 0;
  private bytes = 0;
  /** The upper bound of the bytes in the open blocks. */
  private bytesAtMost = 0;
  private requests = 0;
  private scheduled = false;
  private startedMs = Number.NEGATIVE_INFINITY;

  constructor(options: FlushOptions) {
    this.options = options;
    // Processes that start together must not use the partitions in step.
    this.turn = Math.floor(Math.random() * options.partitions());
    this.open = newFlush(this.turn);
  }

  /** Call this between slices of a large request: it takes out what would outgrow a Kafka record. */
  cutIfLarge(): void {
    if (this.blocks.byteLength() >= this.options.flushBytesMax) this.takePart(false);
  }

  /**
   * Call this when a request is complete in the open blocks.
   * @param sentBytes the size of its events as JSON. It bounds what they take in the blocks, so that these
   * need not be measured at every request: that takes as long as encoding an event.
   */
  commit(acknowledge: Acknowledge, sentBytes = Number.POSITIVE_INFINITY): void {
    if (this.open.waiters.length === 0) this.open.openedMs = performance.now();
    this.open.waiters.push(acknowledge);
    this.requests++;
    this.bytesAtMost += 4 * sentBytes + 4096;
    if (this.bytesAtMost >= this.options.flushBytesMax) {
      this.bytesAtMost = this.blocks.byteLength();
      if (this.bytesAtMost >= this.options.flushBytesMax) this.close();
    }
    this.schedule();
  }

  /**
   * Call this when the open blocks are damaged, which is a bug: it fails the requests in them and starts with
   * empty blocks.
   */
  abandon(error: Error): void {
    this.blocks.reset();
    const damaged = this.open;
    this.open = newFlush(damaged.partition);
    this.settle(damaged, error, 0);
  }

  /** Returns how much waits for an acknowledgement. */
  waiting(): { bytes: number; requests: number; sends: number } {
    return { bytes: this.bytes, requests: this.requests, sends: this.sends };
  }

  private schedule(): void {
    if (this.sends >= this.options.flushesInFlightMax) return;
    if (this.closed.length > 0) return this.pump();
    if (this.scheduled || this.open.waiters.length === 0) return;
    this.scheduled = true;
    const run = () => {
      this.scheduled = false;
      this.pump();
    };
    const pauseMs = this.startedMs + this.options.flushIntervalMs - performance.now();
    // The flush leaves after the requests that have already arrived in this turn of the event loop.
    if (pauseMs > 0) setTimeout(run, pauseMs).unref();
    else setImmediate(run);
  }

  private pump(): void {
    while (this.sends < this.options.flushesInFlightMax) {
      if (this.closed.length === 0 && this.open.waiters.length > 0) this.close();
      const next = this.closed.shift();
      if (!next) return;
      void this.send(next);
    }
  }

  private close(): void {
    this.takePart(true);
    this.closed.push(this.open);
    this.turn = (this.turn + 1) % this.options.partitions();
    this.open = newFlush(this.turn);
  }

  private takePart(isLast: boolean): void {
    const { open, blocks } = this;
    const bytes = blocks.byteLength();
    this.bytesAtMost = 0;
    open.rows += blocks.eventRows();
    open.bytes += bytes;
    this.bytes += bytes;
    open.parts.push(blocks.take(open.partition, isLast));
  }

  /** Never rejects: a failure is reported to the requests of the flush. */
  private async send(flush: Flush): Promise<void> {
    this.sends++;
    const startedMs = performance.now();
    this.startedMs = startedMs;
    let failure: Error | null = null;
    try {
      for (const part of flush.parts) await this.options.send(part, this.leftMs(flush));
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    this.sends--;
    this.settle(flush, failure, performance.now() - startedMs);
    this.schedule();
  }

  /** @throws Error when the time in which a flush has to be answered is over. */
  private leftMs({ openedMs }: Flush): number {
    const { answerMsMax } = this.options;
    const leftMs = Math.ceil(openedMs + answerMsMax - performance.now());
    if (leftMs <= 0) throw new Error(`A flush waited longer than ${answerMsMax} ms for those before it`);
    return leftMs;
  }

  private settle({ rows, bytes, waiters }: Flush, failure: Error | null, durationMs: number): void {
    this.bytes -= bytes;
    this.requests -= waiters.length;
    this.options.onSent({ rows, bytes, requests: waiters.length, durationMs, failure });
    for (const acknowledge of waiters) acknowledge(failure);
  }
}

/** Returns a flusher for a dry run: nothing that is appended to it is ever sent. */
export function openDryRun(): Flusher {
  return new Flusher({ ...flushLimits, send: async () => {}, partitions: () => 1, onSent() {} });
}

function newFlush(partition: number): Flush {
  return { parts: [], waiters: [], partition, rows: 0, bytes: 0, openedMs: 0 };
}
