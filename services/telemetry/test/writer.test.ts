import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { openBlock, select } from "@mosis/clickhouse";
import { deleteRecordsBefore } from "@mosis/kafka/testing";
import { rejectedColumns } from "@mosis/types/telemetry-row";
import { blockFormat, recordHeaders, topics } from "@mosis/types/topics";
import Type from "typebox";
import {
  countOf,
  deliveryBlock,
  eventsRecord,
  freshStore,
  oldDeliveryBlock,
  openTestProducer,
  startTestWriter,
  type TestEvent,
  untilCount,
} from "./stored.ts";
import { eventually, freshKafka } from "./support.ts";

const hourMs = 3_600_000;

test("the writer stores what ingest sends", async (t) => {
  const { store, send } = await openWriter(t);

  await t.test("every column, and its deliveries after it", async () => {
    const app_id = randomUUID();
    const batch_id = randomUUID();
    const at = Date.UTC(2026, 9, 31, 23, 59, 59, 999);
    const event = { app_id, client_time: at, key: 42, clock_correction_ms: -1000, received_delay_ms: -3 };
    const batches = deliveryBlock({ app_id, batch_id, accepted: 2 });
    await send(3, eventsRecord([event]), eventsRecord([{ ...event, client_time: at + 1, key: 43 }], batches));
    await untilCount(store, `ingest_batches where batch_id = '${batch_id}'`, 1);
    const rows = await select(
      store,
      Type.Record(Type.String(), Type.Unknown()),
      `select event_key, event_time, client_time, received_at, kind, os, duration_ms, properties, package_id
      from events where app_id = '${app_id}' order by client_time`,
    );
    assert.deepEqual(rows[0], {
      event_key: "42",
      event_time: "2026-10-31T23:59:58.999Z",
      client_time: "2026-10-31T23:59:59.999Z",
      received_at: "2026-10-31T23:59:59.996Z",
      kind: "event",
      os: "os",
      duration_ms: 7,
      properties: { level: "forest", score: "12.5" },
      package_id: "",
    });
    assert.equal(rows.length, 2, "the flush had two months");
  });

  await t.test("a flush without events is a delivery all the same", async () => {
    const batch_id = randomUUID();
    await send(0, eventsRecord([], deliveryBlock({ app_id: randomUUID(), batch_id, accepted: 0 })));
    await untilCount(store, `ingest_batches where batch_id = '${batch_id}' and dead_letters = 0`, 1);
  });

  await t.test("many records become few inserts", async () => {
    const app_id = randomUUID();
    const client_time = Date.now();
    const records = Array.from({ length: 400 }, (_, key) => eventsRecord([{ app_id, client_time, key }]));
    const parts = "system.parts where database = currentDatabase() and table = 'events_raw'";
    const before = await countOf(store, parts);
    await Promise.all([send(0, ...records.slice(0, 200)), send(1, ...records.slice(200))]);
    await untilCount(store, `events where app_id = '${app_id}'`, 400);
    assert.ok((await countOf(store, parts)) - before < 10);
  });
});

// While a release is rolled out, both forms come in one fetch and go into one insert.
test("deliveries with and without a count of dropped events are stored alike", async (t) => {
  const { store, send } = await openWriter(t);
  const app_id = randomUUID();
  const [before, after, set] = [randomUUID(), randomUUID(), randomUUID()];
  const old = (batch_id: string) => oldDeliveryBlock({ app_id, batch_id, accepted: 3 });
  const unknown = eventsRecord([{ app_id, client_time: Date.now(), key: 1 }]);
  unknown.headers[recordHeaders.format] = "2";
  await send(
    1,
    eventsRecord([], old(before)),
    eventsRecord([], deliveryBlock({ app_id, batch_id: after, accepted: 4 })),
    // Of a flush with a dead letter: another statement.
    unknown,
    eventsRecord([], old(set)),
  );
  await untilCount(store, `ingest_batches where app_id = '${app_id}' and dropped = 0`, 3);
  const rows = `ingest_batches where app_id = '${app_id}' and sdk_version = '1' and accepted`;
  assert.equal(await countOf(store, `${rows} = 3`), 2);
  assert.equal(await countOf(store, `${rows} = 4`), 1);
  assert.equal(await countOf(store, `ingest_batches where app_id = '${app_id}' and dead_letters = 1`), 1);
});

// INVARIANT 1
test("an event that came twice with different clock corrections shows once, in any time range", async (t) => {
  const { store, send } = await openWriter(t);
  // What one `send` has for a partition is one record batch to Kafka, of at most 1.4 MB.
  const sendAll = async (rows: TestEvent[]) => {
    for (let at = 0; at < rows.length; at += 5000) await send(0, eventsRecord(rows.slice(at, at + 5000)));
  };
  const app_id = randomUUID();
  const at = Date.now() - 24 * hourMs;
  const event = { app_id, client_time: at, key: 1e9 };
  const corrected = { ...event, clock_correction_ms: 3 * hourMs };
  // So many neighbours that the two deliveries lie in different granules of different parts.
  const neighbours = Array.from({ length: 20_000 }, (_, key) => ({ app_id, client_time: at + key, key }));
  await sendAll([...neighbours, { ...event, received_delay_ms: 10 }]);
  await untilCount(store, `events where app_id = '${app_id}'`, 20_001);
  await sendAll([...neighbours.slice(5000), { ...corrected, received_delay_ms: 20 }]);
  await untilCount(store, `events_raw where app_id = '${app_id}'`, 35_002);

  assert.equal(await countOf(store, `events where app_id = '${app_id}'`), 20_001);
  const shown = `events where app_id = '${app_id}' and event_key = 1000000000`;
  const counts = [];
  for (const hour of [-1, 0, 1, 2, 3, 4]) {
    const [from, to] = [at + hour * hourMs, at + (hour + 1) * hourMs];
    const since = `event_time >= fromUnixTimestamp64Milli(${from})`;
    const until = `event_time < fromUnixTimestamp64Milli(${to})`;
    counts.push(await countOf(store, `${shown} and ${since} and ${until}`));
  }
  assert.deepEqual(counts, [0, 0, 0, 0, 1, 0], "only where the delivery that took longest puts it");

  // What is inserted again, in any order, changes nothing.
  await send(2, eventsRecord([{ ...event, received_delay_ms: 10 }]));
  await untilCount(store, `events_raw where app_id = '${app_id}'`, 35_003);
  assert.equal(await countOf(store, `${shown} and clock_correction_ms = ${3 * hourMs}`), 1);
});

test("rejected events from before they could be replayed are stored, and others beside them", async (t) => {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const app_id = randomUUID();
  const { context: _context, clock_correction_ms: _correction, ...before } = rejectedColumns;
  const records = [rejectedRecord(before, app_id), rejectedRecord(rejectedColumns, app_id)];
  await producer.send([{ topic: topics.rejected, messages: records }]);
  await startTestWriter(t, kafka, url);
  await untilCount(store, `rejected_events where app_id = '${app_id}' and raw = '{}'`, 2);
  await untilCount(store, `rejected_events where app_id = '${app_id}' and context = '{"os":"x"}'`, 1);
});

/** One rejected event, in the columns of some version. */
function rejectedRecord(types: Partial<typeof rejectedColumns>, app_id: string) {
  const block = openBlock(types as typeof rejectedColumns);
  const { columns } = block;
  columns.app_id.push(app_id);
  columns.received_at.push(Date.now());
  columns.batch_id.push(randomUUID());
  columns.delivery_id.push(randomUUID());
  columns.index.push(0);
  for (const name of ["event_id", "code", "pointer"] as const) columns[name].push(name);
  columns.raw.push("{}");
  if ("context" in types) {
    columns.context.push('{"os":"x"}');
    columns.clock_correction_ms.push(0);
  }
  const headers = { [recordHeaders.format]: blockFormat, [recordHeaders.rows]: "1" };
  return { value: block.encode(), headers };
}

// Guards the invariant "the books balance" (INVARIANTS.md): what nobody has any more is in them, too.
// INVARIANT 8
test("records that Kafka deletes before they are stored are counted, and named in the books", async (t) => {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const app_id = randomUUID();
  const send = (keys: number[]) =>
    producer.send([
      {
        topic: topics.events,
        messages: keys.map((key) => ({
          ...eventsRecord([{ app_id, client_time: Date.now(), key }]),
          partition: 2,
        })),
      },
    ]);
  const first = await startTestWriter(t, kafka, url);
  await send([1, 2]);
  await untilCount(store, `events where app_id = '${app_id}'`, 2);
  await eventually(async () => assert.ok((await first.writer.lag()).every(({ records }) => records === 0)));
  await first.close();
  await send([3, 4, 5, 6, 7]);
  await deleteRecordsBefore(kafka, { topic: topics.events, partition: 2, offset: 5 });

  const { metrics } = await startTestWriter(t, kafka, url);
  await untilCount(store, `events where app_id = '${app_id}'`, 4);
  const rows = await select(
    store,
    Type.Record(Type.String(), Type.Unknown()),
    `select reason, toUInt32(\`count\`) as records, toInt32(received) as events
    from outcomes where outcome = 'lost'`,
  );
  assert.deepEqual(rows, [{ reason: "telemetry.events 2 2-4", records: 3, events: 0 }]);
  const counted = await metrics.registry.getSingleMetric("writer_records_lost_total")?.get();
  assert.deepEqual(
    counted?.values.flatMap(({ labels, value }) => (value > 0 ? [[labels["topic"], value]] : [])),
    [[topics.events, 3]],
  );
});

// ClickHouse itself says how it is when its disk is full: the table wants more room than there is.
// INVARIANT 72
test("a writer whose inserts find no room is not ready until they do, and stores them then", async (t) => {
  const { store, send, writer, metrics } = await openWriter(t);
  await writer.checkStore();
  assert.match(
    await metrics.registry.metrics(),
    /^clickhouse_disk_free_bytes\{[^}]*disk="default"[^}]*\} [1-9]/m,
  );
  const roomWanted = "min_free_disk_bytes_to_perform_insert";
  await store.command(`alter table events_raw modify setting ${roomWanted} = 1000000000000000`);
  const app_id = randomUUID();
  await send(0, eventsRecord([{ app_id, client_time: Date.now(), key: 1 }]));
  await eventually(async () =>
    assert.rejects(writer.checkStore(), /Inserting into events_raw is not possible: .*space/i),
  );
  await store.command(`alter table events_raw reset setting ${roomWanted}`);
  await untilCount(store, `events where app_id = '${app_id}'`, 1);
  await eventually(() => writer.checkStore());
});

async function openWriter(t: TestContext) {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const { writer, metrics } = await startTestWriter(t, kafka, url);
  const producer = await openTestProducer(t, kafka);
  const send = async (partition: number, ...records: ReturnType<typeof eventsRecord>[]) =>
    producer.send([{ topic: topics.events, messages: records.map((record) => ({ ...record, partition })) }]);
  return { store, send, writer, metrics };
}
