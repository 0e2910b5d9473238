import type { IncomingBatch, IncomingRecord, OutgoingRecord, Producer } from "@mosis/kafka";
import { deadLetterHeaders, recordHeaders, type Topic } from "@mosis/types/topics";

export interface RunOptions {
  producer: Pick<Producer, "send">;
  /** Only dead letters of this topic are replayed. Each topic has a position of its own. */
  topic: Topic;
  /** The most records that are sent back. */
  recordsMax: number;
  /** Sends and commits nothing. */
  isDryRun: boolean;
}

/** One pass over the dead letters that existed when it began. */
export interface ReplayRun {
  /** How many records were sent back, or would be, by code. */
  codes: Map<string, number>;
  take(batch: IncomingBatch): Promise<void>;
  /** Returns true when the end of every partition or the most records are reached. */
  isOver(): boolean;
}

interface Bounds {
  start: bigint;
  end: bigint;
}

/**
 * Creates a run.
 * @param waiting how many records of each partition are to be replayed.
 * @param readable how many records will be read: the first of them were replayed before.
 */
export function createRun(
  { producer, topic, recordsMax, isDryRun }: RunOptions,
  waiting: ReadonlyMap<number, number>,
  readable: ReadonlyMap<number, number>,
): ReplayRun {
  const codes = new Map<string, number>();
  const bounds = new Map<number, Bounds>();
  const unfinished = new Set([...waiting].filter(([, records]) => records > 0).map(([it]) => it));
  let taken = 0;

  const boundsOf = (partition: number, first: IncomingRecord): Bounds => {
    const known = bounds.get(partition);
    if (known) return known;
    const total = BigInt(readable.get(partition) ?? 0);
    const start = BigInt(first.offset) + total - BigInt(waiting.get(partition) ?? 0);
    const found = { start, end: BigInt(first.offset) + total };
    bounds.set(partition, found);
    return found;
  };

  return {
    codes,
    isOver: () => unfinished.size === 0 || taken >= recordsMax,
    async take({ partition, records }) {
      const [first] = records as [IncomingRecord];
      const last = records.at(-1) as IncomingRecord;
      const { start, end } = boundsOf(partition, first);
      const ours = records.filter(
        (record) =>
          BigInt(record.offset) >= start && BigInt(record.offset) < end && originOf(record) === topic,
      );
      if (!isDryRun && ours.length > 0) await producer.send([{ topic, messages: ours.map(asItWas) }]);
      for (const { headers } of ours) {
        const code = headers[deadLetterHeaders.code]?.toString() ?? "unknown";
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
      taken += ours.length;
      if (BigInt(last.offset) + 1n >= end) unfinished.delete(partition);
    },
  };
}

function originOf({ headers }: IncomingRecord): string | undefined {
  return headers[deadLetterHeaders.topic]?.toString();
}

/**
 * `batches` stays, also where the writer has added it: the replay corrects the receipt with it. The record
 * says that it comes from a replay, so that nothing comes back that was erased since.
 */
function asItWas({ key, value, headers }: IncomingRecord): OutgoingRecord {
  const added = new Set<string>(Object.values(deadLetterHeaders));
  const own = Object.entries(headers).filter(([name]) => !added.has(name));
  const partition = Number(headers[deadLetterHeaders.partition]?.toString());
  return {
    key,
    value,
    headers: { ...Object.fromEntries(own), [recordHeaders.fromReplay]: "1" },
    ...(Number.isSafeInteger(partition) ? { partition } : {}),
  };
}
