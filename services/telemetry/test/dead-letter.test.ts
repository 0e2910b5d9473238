import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { ClickHouse } from "@mosis/clickhouse";
import type { KafkaConfig, OutgoingRecord, Producer } from "@mosis/kafka";
import { deadLetterHeaders, recordHeaders, topics } from "@mosis/types/topics";
import {
  countOf,
  deliveryBlock,
  eventsBlock,
  eventsRecord,
  freshStore,
  openTestProducer,
  readTopic,
  startTestWriter,
  type TestEvent,
  untilCount,
} from "./stored.ts";
import { freshKafka } from "./support.ts";

// INVARIANT 6
test("records that cannot be stored are set aside with a reason, all others are stored", async (t) => {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const app_id = randomUUID();
  const client_time = Date.now();
  const batch = { app_id, batch_id: randomUUID(), accepted: 31 };
  const deliveries = deliveryBlock(batch);
  const records: OutgoingRecord[] = [
    ...Array.from({ length: 30 }, (_, key) => eventsRecord([{ app_id, client_time, key }])),
    ...Object.values(spoilt({ app_id, client_time, key: 1e6 })),
    eventsRecord([{ app_id, client_time, key: 1e6 }], deliveries),
  ];
  // All over, so that a search by halves has to find each of them.
  const shuffled = records.slice(0, -1).toSorted(() => Math.random() - 0.5);
  await sendTo(producer, 2, [...shuffled, ...records.slice(-1)]);
  await startTestWriter(t, kafka, url);

  await untilCount(store, `ingest_batches where batch_id = '${batch.batch_id}'`, 1);
  assert.equal(await countOf(store, `events where app_id = '${app_id}'`), 31);
  const marked = `ingest_batches where batch_id = '${batch.batch_id}' and dead_letters = 7`;
  assert.equal(await countOf(store, marked), 1, "whoever reads the delivery knows that events are missing");
  await hasDeadLetters(t, kafka, deliveries);
  await replayMends(store, producer, batch);
});

function spoilt(event: TestEvent): Record<string, OutgoingRecord> {
  const good = eventsRecord([event]);
  const block = eventsBlock([event]);
  const withHeader = (name: string, value: string) => ({
    ...good,
    headers: { ...good.headers, [name]: value },
  });
  return {
    format_unknown: withHeader(recordHeaders.format, "2"),
    rows_invalid: withHeader(recordHeaders.rows, "many"),
    month_invalid: withHeader(recordHeaders.month, "soon"),
    head_invalid: withHeader(recordHeaders.rows, "2"),
    cannot_read_all_data: { ...good, value: block.subarray(0, block.length - 60) },
    incorrect_data: { ...good, value: renamed(block, "event_key", "event_kee") },
    violated_constraint: eventsRecord([{ ...event, kind: 99 }]),
  };
}

async function hasDeadLetters(t: Parameters<typeof readTopic>[0], kafka: KafkaConfig, deliveries: Buffer) {
  const expected = spoilt({ app_id: randomUUID(), client_time: 0, key: 0 });
  const letters = await readTopic(t, kafka, topics.deadLetters, Object.keys(expected).length);
  const codes = letters.map(({ headers }) => headers[deadLetterHeaders.code]?.toString());
  assert.deepEqual(new Set(codes), new Set(Object.keys(expected)));
  for (const { headers, value } of letters) {
    assert.equal(headers[deadLetterHeaders.topic]?.toString(), topics.events);
    assert.equal(headers[deadLetterHeaders.partition]?.toString(), "2");
    assert.match(headers[deadLetterHeaders.offset]?.toString() ?? "", /^\d+$/);
    assert.ok((headers[deadLetterHeaders.detail]?.length ?? 0) > 10, "a person can read why");
    assert.ok((value?.length ?? 0) > 100, "the block is there as it was");
    assert.deepEqual(headers[recordHeaders.batches], deliveries, "a replay finds its deliveries");
  }
}

/** A dead letter, mended and sent again with its deliveries, completes the receipt. */
async function replayMends(
  store: ClickHouse,
  producer: Producer,
  { app_id, batch_id }: { app_id: string; batch_id: string },
) {
  const batches = deliveryBlock({ app_id, batch_id, accepted: 1 });
  await sendTo(producer, 5, [eventsRecord([{ app_id, client_time: Date.now(), key: 1e7 }], batches)]);
  await untilCount(store, `ingest_batches where batch_id = '${batch_id}' and dead_letters = 0`, 1);
}

function sendTo(producer: Producer, partition: number, records: OutgoingRecord[]): Promise<void> {
  const messages = records.map((record) => ({ ...record, partition }));
  return producer.send([{ topic: topics.events, messages }]);
}

function renamed(block: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(block);
  copy.write(to, copy.indexOf(from));
  return copy;
}
