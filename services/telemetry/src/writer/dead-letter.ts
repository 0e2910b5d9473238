import type { IncomingRecord, OnForged, Producer } from "@mosis/kafka";
import type { Logger } from "@mosis/runtime";
import { deadLetterHeaders, type Topic, topics } from "@mosis/types/topics";
import type { RecordFault } from "./block.ts";
import { TransientError, type Retry } from "./retry.ts";

/** The place of a record. */
export interface Origin {
  topic: Topic;
  partition: number;
  record: IncomingRecord;
}

/**
 * Sets a record aside unchanged, with the reason in its headers. It resolves when all in-sync replicas have
 * the dead letter, and waits for them as long as the batch is ours.
 * @param extra headers that a replay needs and the record itself does not have.
 */
export type DeadLetter = (
  origin: Origin,
  fault: RecordFault,
  isStale: () => boolean,
  extra?: Record<string, Buffer>,
) => Promise<void>;

export function createDeadLetter({
  producer,
  retry,
  log,
  onSent,
}: {
  producer: Pick<Producer, "send">;
  retry: Retry;
  log: Logger;
  onSent: (topic: Topic, code: string) => void;
}): DeadLetter {
  return async ({ topic, partition, record }, { code, detail }, isStale, extra = {}) => {
    const { key, value, headers, offset } = record;
    const message = {
      key,
      value,
      headers: {
        ...extra,
        ...headers,
        [deadLetterHeaders.topic]: topic,
        [deadLetterHeaders.partition]: String(partition),
        [deadLetterHeaders.offset]: offset,
        [deadLetterHeaders.code]: code,
        [deadLetterHeaders.detail]: detail.slice(0, detailLengthMax),
      },
    };
    const send = () => producer.send([{ topic: topics.deadLetters, messages: [message] }]).catch(pass);
    await retry("Writing dead letters", send, isStale);
    onSent(topic, code);
    log.error({ topic, partition, offset, code, detail }, `A record of ${topic} is a dead letter: ${code}`);
  };
}

/** Sets aside records that the catalog has not signed: they have no effect, and people can look at them. */
export function setAside(deadLetter: DeadLetter): OnForged {
  return ({ topic, partition, record, forgery }, context) => {
    const fault = { code: forgery, detail: "The catalog has not signed this record." };
    return deadLetter({ topic, partition, record }, fault, () => context.isStale());
  };
}

function pass(error: unknown): never {
  throw new TransientError(error);
}

/** ClickHouse repeats what it could not read; a header has no room for all of it. */
const detailLengthMax = 1000;
