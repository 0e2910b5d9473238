import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { type ClickHouse, insertNative } from "@mosis/clickhouse";
import type { OutgoingBatch } from "@mosis/kafka";
import type { BatchAccepted } from "@mosis/types/telemetry";
import { batchColumns, eventColumns, rejectedColumns } from "@mosis/types/telemetry-row";
import { recordHeaders, topics } from "@mosis/types/topics";
import fc from "fast-check";
import { assertStored } from "./as-stored.ts";
import { readJson } from "./contract.ts";
import { readBatch } from "../src/ingest/reading/batch.ts";
import { clockCorrection } from "../src/ingest/events/clock.ts";
import { Flusher } from "../src/ingest/blocks/flush.ts";
import { appendDelivery } from "../src/ingest/judging/pipeline.ts";
import { type Batch, batchOfEvents, written } from "./generated-batches.ts";
import { batchOf, eventOf, openApp } from "./sending.ts";
import { freshStore, startTestWriter, untilCount } from "./stored.ts";
import { freshKafka } from "./support.ts";
import { assertAnswer, type Delivered } from "./told.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);

// INVARIANT 9
test("whatever a client sends is in the tables as the contract says, column by column", async (t) => {
  const { store } = await freshStore(t);
  // Around turns of months, so that blocks of several months are open.
  const moments = [
    Date.UTC(2026, 11, 1, 0, 0, 0, 500),
    Date.UTC(2027, 0, 31, 23, 59, 59, 999),
    Date.UTC(2028, 1, 29, 12),
    Date.UTC(2040, 11, 31, 23, 30),
  ];
  const requests = fc.oneof(
    ...moments.map((nowMs) =>
      fc.record({
        nowMs: fc.constant(nowMs),
        batches: fc.array(batchOfEvents(nowMs, 12), { minLength: 1, maxLength: 5 }),
      }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(requests, async ({ nowMs, batches }) => {
      const appId = randomUUID();
      const delivered = await deliver(store, { appId, nowMs, batches });
      for (const it of delivered) assertAnswer(it);
      await assertStored(store, appId, delivered);
    }),
    { seed, numRuns: Math.ceil(Number(process.env["FUZZ_RUNS"] ?? 20_000) / 333) },
  );
});

// INVARIANT 9
test("the same holds over HTTP, Kafka and the writer", async (t) => {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const { send, app, key } = await openApp(t, kafka);
  await startTestWriter(t, kafka, url);
  const batches = fc.sample(batchOfEvents(Date.now(), 20), { seed, numRuns: 200 });
  const delivered = await Promise.all(
    batches.map(async (batch): Promise<Delivered> => {
      const body = written(batch);
      const response = await send(body);
      assert.equal(response.status, 202, body);
      const answer = (await response.json()) as BatchAccepted;
      const receivedAtMs = Date.parse(answer.received_at);
      const sent = readJson(body) as Batch;
      const bodyBytes = Buffer.byteLength(body);
      return { appId: app.app_id, batch: sent, receivedAtMs, answer, keyId: key.key_id, bodyBytes };
    }),
  );
  for (const it of delivered) assertAnswer(it);
  await untilCount(store, "ingest_batches", delivered.length);
  const rejected = delivered.reduce((sum, { answer }) => sum + answer.rejected, 0);
  await untilCount(store, "rejected_events", rejected);
  await assertStored(store, app.app_id, delivered);
});

// With the empty text, which every dictionary has, the last one that a width of index can hold and one more.
for (const texts of [255, 256, 65_535, 65_536]) {
  test(`a block with ${texts} different keys keeps each event's own`, async (t) => {
    const { store } = await freshStore(t);
    const [appId, nowMs] = [randomUUID(), Date.now()];
    const keys = Array.from({ length: texts }, (_, i) => i.toString(36));
    // 60 keys of its own for each event, as strings in one batch and as numbers in another.
    const events = (value: (i: number) => unknown) =>
      Array.from({ length: Math.ceil(texts / 60) }, (_, i) => {
        const own = keys.slice(i * 60, i * 60 + 60).map((key, k) => [key, value(i * 60 + k)]);
        return eventOf({ name: "keys", time: nowMs, properties: Object.fromEntries(own) });
      });
    const names = texts > 300 ? [] : keys.map((key) => eventOf({ name: `n${key}`, time: nowMs }));
    const all = [...events(() => ""), ...events((i) => (i % 2 === 0 ? -0 : i)), ...names];
    const batches = Array.from({ length: Math.ceil(all.length / 150) }, (_, i) =>
      batchOf(all.slice(i * 150, i * 150 + 150), { sdk: { name: `sdk ${i}`, version: "" } }),
    );
    const delivered = await deliver(store, { appId, nowMs, batches });
    for (const it of delivered) assertAnswer(it);
    await assertStored(store, appId, delivered);
  });
}

interface Requests {
  appId: string;
  nowMs: number;
  batches: readonly Batch[];
}

/** All that ingest does between a body and a record, all requests in one block, and that into ClickHouse. */
async function deliver(store: ClickHouse, { appId, nowMs, batches }: Requests): Promise<Delivered[]> {
  const sent: OutgoingBatch[] = [];
  const flusher = new Flusher({
    send: async (records) => void sent.push(...records),
    partitions: () => 1,
    flushBytesMax: 8_000_000,
    flushesInFlightMax: 1,
    flushIntervalMs: 0,
    answerMsMax: 60_000,
    onSent() {},
  });
  const keyId = randomUUID();
  const acknowledged: Promise<Error | null>[] = [];
  const delivered = batches.map((batch): Delivered => {
    const body = Buffer.from(written(batch));
    const parsed = readBatch(body);
    assert.ok("events" in parsed, String(body));
    const answer = appendDelivery(flusher, {
      appId,
      keyId,
      deliveryId: randomUUID(),
      batch: parsed,
      rules: null,
      receivedAtMs: nowMs,
      clockCorrectionMs: clockCorrection(parsed.sent_at, nowMs),
      bodyBytes: body.length,
      eventBytesAtMost: body.length,
    });
    acknowledged.push(new Promise((resolve) => flusher.commit(resolve)));
    const told = readJson(String(body)) as Batch;
    return { appId, batch: told, receivedAtMs: nowMs, answer, keyId, bodyBytes: body.length };
  });
  for (const failure of await Promise.all(acknowledged)) assert.equal(failure, null);
  await insertRecords(store, sent);
  return delivered;
}

async function insertRecords(store: ClickHouse, sent: readonly OutgoingBatch[]): Promise<void> {
  const records = (topic: string) =>
    sent.filter((it) => it.topic === topic).flatMap(({ messages }) => messages);
  const buffers = (values: unknown[]) =>
    values.filter((it): it is Buffer => Buffer.isBuffer(it) && it.length > 0);
  const events = records(topics.events);
  const inserts = [
    { table: "events_raw", columns: eventColumns, blocks: buffers(events.map(({ value }) => value)) },
    {
      table: "ingest_batches_raw",
      columns: batchColumns,
      blocks: buffers(events.map(({ headers }) => headers?.[recordHeaders.batches])),
    },
    {
      table: "rejected_events_raw",
      columns: rejectedColumns,
      blocks: buffers(records(topics.rejected).map(({ value }) => value)),
    },
  ];
  for (const insert of inserts) if (insert.blocks.length > 0) await insertNative(store, insert);
}
