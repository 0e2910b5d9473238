import { outboxHeaders, isOutboxTopic, type Topic } from "@mosis/types/topics";
import type { OutgoingBatch, OutgoingRecord } from "./record.ts";
import type { RecordSigningKey } from "./record-keys.ts";
import { leafOf, recordsPerSignatureMax, signLeaves } from "./signature.ts";

/** Adds signatures to the records of topics that need them; the others stay as they are. */
export type RecordSigner = (batches: OutgoingBatch[]) => OutgoingBatch[];

export function createRecordSigner({ id, privateKey }: RecordSigningKey): RecordSigner {
  return (batches) =>
    batches.map((batch) =>
      isOutboxTopic(batch.topic) ? { ...batch, messages: signMessages(batch, { id, privateKey }) } : batch,
    );
}

function signMessages({ topic, messages }: OutgoingBatch, { id, privateKey }: RecordSigningKey) {
  const signed: OutgoingRecord[] = [];
  for (let from = 0; from < messages.length; from += recordsPerSignatureMax) {
    const group = messages.slice(from, from + recordsPerSignatureMax);
    const signatures = signLeaves(
      group.map((message) => leafOf(contentOf(topic, message))),
      privateKey,
    );
    for (const [index, message] of group.entries()) {
      const [signingKey, signature] = [id, signatures[index] as Buffer];
      const ours = { [outboxHeaders.signingKey]: signingKey, [outboxHeaders.signature]: signature };
      signed.push({ ...message, headers: { ...message.headers, ...ours } });
    }
  }
  return signed;
}

function contentOf(topic: Topic, { key, value, headers }: OutgoingRecord) {
  const position = headers?.[outboxHeaders.position];
  if (key === null || key === undefined || position === undefined) {
    throw new Error(`A record of ${topic} has a key and a position, or cannot be signed.`);
  }
  return { topic, key, position, value };
}
