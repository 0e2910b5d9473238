import type { OutgoingBatch } from "@mosis/kafka";
import { type OpenBlocks, openBlocks } from "./blocks.ts";

/** Called once: null when all that was appended is on all in-sync replicas, else why that is not known. */
export type Acknowledge = (error: Error | null) => void;

/** Group commit: what arrives while sends are under way becomes the next send. No timer paces it. */
export interface Flusher {
  /** Append to these and `commit` in the same turn of the event loop. */
  readonly blocks: OpenBlocks;
  /** Call between slices of a large request: takes out what would outgrow a Kafka record. */
  cutIfLarge(): void;
  /** The request is complete in the open blocks. */
  commit(acknowledge: Acknowledge): void;
  /** The open blocks are damaged (a bug): fails the requests in them and starts with empty ones. */
  abandon(error: Error): void;
  /** What waits for an acknowledgement. */
  waiting(): { bytes: number; requests: number; sends: number };
}

export interface Sent {
  rows: number;
  bytes: number;
  requests: number;
  durationMs: number;
  ok: boolean;
}

export interface FlushOptions {
  send: (batches: OutgoingBatch[]) => Promise<void>;
  /** Of the topic of events. Flushes take turns, so that no app can make one hot. */
  partitions: number;
  /** A flush is closed at this size. With one more request on top it must stay below the record size of the topic. */
  flushBytesMax: number;
  /** Flushes under way at the same time. */
  flushesInFlightMax: number;
  onSent: (sent: Sent) => void;
}

interface Flush {
  /** Sent one after the other, to one partition: more than one only for requests larger than a record. */
  parts: OutgoingBatch[][];
  waiters: Acknowledge[];
  partition: number;
  rows: number;
  bytes: number;
}

export function createFlusher(options: FlushOptions): Flusher {
  const { send, partitions, flushBytesMax, flushesInFlightMax, onSent } = options;
  const blocks = openBlocks();
  const closed: Flush[] = [];
  let turn = Math.floor(Math.random() * partitions);
  let open = newFlush(turn % partitions);
  let inFlight = 0;
  let scheduled = false;
  const waiting = { bytes: 0, requests: 0 };

  const takePart = (withBatches: boolean) => {
    open.rows += blocks.eventRows();
    const bytes = blocks.byteLength();
    open.bytes += bytes;
    waiting.bytes += bytes;
    open.parts.push(blocks.take(open.partition, withBatches));
  };
  const close = () => {
    takePart(true);
    closed.push(open);
    open = newFlush(++turn % partitions);
  };
  const run = async (flush: Flush) => {
    inFlight++;
    const startedMs = performance.now();
    let failure: Error | null = null;
    try {
      for (const part of flush.parts) await send(part);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    inFlight--;
    settle(flush, failure, performance.now() - startedMs);
    pump();
  };
  const settle = (flush: Flush, failure: Error | null, durationMs: number) => {
    const { rows, bytes, waiters } = flush;
    waiting.bytes -= bytes;
    waiting.requests -= waiters.length;
    onSent({ rows, bytes, requests: waiters.length, durationMs, ok: failure === null });
    for (const acknowledge of waiters) acknowledge(failure);
  };
  const pump = () => {
    while (inFlight < flushesInFlightMax) {
      if (closed.length === 0 && open.waiters.length > 0) close();
      const next = closed.shift();
      if (!next) return;
      void run(next);
    }
  };

  return {
    blocks,
    cutIfLarge() {
      if (blocks.byteLength() >= flushBytesMax) takePart(false);
    },
    commit(acknowledge) {
      open.waiters.push(acknowledge);
      waiting.requests++;
      if (blocks.byteLength() >= flushBytesMax) close();
      if (scheduled || inFlight >= flushesInFlightMax) return;
      scheduled = true;
      // After the requests that have already arrived in this turn of the event loop.
      setImmediate(() => {
        scheduled = false;
        pump();
      });
    },
    abandon(error) {
      blocks.reset();
      const damaged = open;
      open = newFlush(damaged.partition);
      settle(damaged, error, 0);
    },
    waiting: () => ({ ...waiting, sends: inFlight }),
  };
}

function newFlush(partition: number): Flush {
  return { parts: [], waiters: [], partition, rows: 0, bytes: 0 };
}
