import type { Topic } from "@mosis/types/topics";
import type { Batch, KafkaMessage } from "kafkajs";

/** A record as it came. Its buffers are views of one fetched buffer: copy what must outlive the batch. */
export interface IncomingRecord {
  offset: string;
  key: Buffer | null;
  /** The value; null is a tombstone. */
  value: Buffer | null;
  headers: Record<string, Buffer>;
  /** Milliseconds since 1970, set by the sender. */
  timestamp: number;
}

export interface IncomingBatch {
  topic: Topic;
  partition: number;
  /** The records: at least one, ascending by offset. Offsets may have gaps. */
  records: IncomingRecord[];
}

/**
 * One record. Without a partition its key decides (murmur2, as in Kafka's own clients), or chance when it has
 * no key.
 */
export interface OutgoingRecord {
  key?: string | Buffer | null;
  /** The value. Null is a tombstone: a compacted topic forgets the key. */
  value: Buffer | string | null;
  headers?: Record<string, Buffer | string>;
  partition?: number;
}

export interface OutgoingBatch {
  topic: Topic;
  messages: OutgoingRecord[];
}

export function toIncoming(batch: Batch, topic: Topic): IncomingBatch {
  return { topic, partition: batch.partition, records: batch.messages.map(toRecord) };
}

function toRecord({ offset, key, value, headers, timestamp }: KafkaMessage): IncomingRecord {
  return { offset, key, value, headers: toHeaders(headers), timestamp: Number(timestamp) };
}

function toHeaders(headers: KafkaMessage["headers"]): Record<string, Buffer> {
  const result: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A header may be repeated. Ours never are; in foreign records the last one counts.
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) result[name] = typeof last === "string" ? Buffer.from(last) : last;
  }
  return result;
}
