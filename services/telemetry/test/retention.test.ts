import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type ClickHouse, insertJson, select } from "@mosis/clickhouse";
import type { Producer } from "@mosis/kafka";
import { createMetrics, type Metrics } from "@mosis/runtime";
import type { AppState } from "@mosis/types/apps";
import { topics } from "@mosis/types/topics";
import Type from "typebox";
import { createClockCheck } from "../src/clocks.ts";
import { eventsRecord, freshStore, openTestProducer, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka, nextPosition, publishApp } from "./support.ts";

const dayMs = 86_400_000;

// INVARIANT 17
test("a retention hides what is older at once, and shows it again when it is longer", async (t) => {
  const { store, kafka, storeUrl, producer, app } = await setUp(t);
  const { metrics } = await startTestWriter(t, kafka, storeUrl);
  await untilSwept(metrics);
  await sendAged(producer, app.app_id, [0, 6, 8, 100, 181]);
  await untilCount(store, "events_raw", 5);
  // Records of the older form have no retention: the default holds, of an app that is not known too.
  await untilCount(store, "events", 4);
  for (const [telemetry_days, shown] of [
    [7, 2],
    [730, 5],
    [1, 1],
  ] as const) {
    await publishState(producer, { ...app, telemetry_days });
    await untilCount(store, "events", shown);
  }
  await untilCount(store, "events_raw", 5);
  // A deleted app keeps its retention.
  const tombstone = { key: app.app_id, value: null, headers: nextPosition() };
  await producer.send([{ topic: topics.apps, messages: [tombstone] }]);
  await untilCount(store, "apps", 0);
  await untilCount(store, "events", 1);
});

// INVARIANT 17
test("a sweep deletes what its app no longer keeps, and nothing of the others", async (t) => {
  const { store, kafka, storeUrl, producer, app } = await setUp(t);
  const other = (await publishApp(producer)).app;
  await publishState(producer, { ...app, telemetry_days: 7 });
  const unswept = await startTestWriter(t, kafka, storeUrl);
  await untilSwept(unswept.metrics);
  await untilCount(store, "apps_raw where telemetry_days = 7", 1);
  await untilCount(store, "apps", 2);
  for (const { app_id } of [app, other]) await sendAged(producer, app_id, [0, 6, 8, 20, 100, 200]);
  await untilCount(store, "events_raw", 12);
  await unswept.close();

  const { metrics } = await startTestWriter(t, kafka, storeUrl, 100);
  await untilCount(store, `events_raw where app_id = '${app.app_id}'`, 2);
  await untilCount(store, `events_raw where app_id = '${other.app_id}'`, 5);
  await untilCount(store, "events", 7);
  await eventually(async () => {
    const swept = await metrics.registry.getSingleMetric("writer_rows_swept_total")?.get();
    assert.equal(swept?.values[0]?.value, 5);
  });
  // One that comes late is stored, never shown, and gone with the next sweep.
  await sendAged(producer, app.app_id, [29]);
  await eventually(async () => {
    const swept = await metrics.registry.getSingleMetric("writer_rows_swept_total")?.get();
    assert.equal(swept?.values[0]?.value, 6);
  });
  await untilCount(store, "events_raw", 7);
});

// INVARIANT 17
test("events of wrong clocks are kept by their corrected time, in whatever partition they are", async (t) => {
  const { store, kafka, storeUrl, producer, app } = await setUp(t);
  const clock_correction_ms = 300 * dayMs;
  const right = { app_id: app.app_id, client_time: Date.now() - 301 * dayMs, key: 1, clock_correction_ms };
  const old = { app_id: app.app_id, client_time: Date.now() - 301 * dayMs, key: 2 };
  await sendRecord(producer, [right, old]);
  const { metrics } = await startTestWriter(t, kafka, storeUrl, 100);
  await eventually(async () => {
    const swept = await metrics.registry.getSingleMetric("writer_rows_swept_total")?.get();
    assert.equal(swept?.values[0]?.value, 1);
  });
  await untilCount(store, "events_raw", 1);
  await untilCount(store, "events where event_key = 1", 1);
});

// A clock 200 days ahead once deleted every event within 15 s of the writer's start.
// INVARIANTS 17, 72
test("a writer whose clock is wrong deletes nothing, and is not ready", async (t) => {
  const { store, kafka, storeUrl, producer, app } = await setUp(t);
  await sendAged(producer, app.app_id, [0, 1, 2]);
  const now = () => Date.now() + 200 * dayMs;
  const { metrics, writer } = await startTestWriter(t, kafka, storeUrl, 50, { now });
  await untilCount(store, "events_raw", 3);
  await untilRefused(metrics, "clock");
  await assert.rejects(writer.checkClock(), /This clock is 172800\d\d s ahead/);
  await untilCount(store, "events_raw", 3);
});

// Ingest asks only Kafka, the writer only ClickHouse: each could be right while the two are a day apart.
// INVARIANT 72
test("a clock of Kafka that is not ClickHouse's makes query not ready", async (t) => {
  const { store } = await freshStore(t);
  const metrics = createMetrics({ service: "test" });
  let aheadOfKafkaMs: number | null = null;
  let aheadMs = 0;
  const check = createClockCheck({
    store,
    metrics,
    now: () => Date.now() + aheadMs,
    producer: { clockOffsetMs: () => aheadOfKafkaMs },
  });
  await check();
  aheadOfKafkaMs = 50_000;
  await check();
  aheadMs = -40_000;
  await assert.rejects(check(), /Kafka's clock is -90 s ahead of ClickHouse's/);
  aheadOfKafkaMs = 90_000;
  await assert.rejects(check(), /This clock is 90 s ahead of Kafka's/);
  aheadOfKafkaMs = 0;
  aheadMs = 90_000;
  await assert.rejects(check(), /This clock is 90 s ahead of ClickHouse's/);
});

// INVARIANT 17
test("a sweep waits for an operator when all is old, or most of it would go", async (t) => {
  const { store, kafka, storeUrl, producer, app } = await setUp(t);
  await sendAged(producer, app.app_id, [200, 199, 198]);
  const careful = await startTestWriter(t, kafka, storeUrl, 50);
  await untilCount(store, "events_raw", 3);
  await untilRefused(careful.metrics, "quiet");
  await sendAged(producer, app.app_id, [0]);
  await untilRefused(careful.metrics, "share");
  await untilCount(store, "events_raw", 4);
  await careful.close();
  const sweepLimits = { quietDaysMax: 3, percentMax: 75 };
  const allowed = await startTestWriter(t, kafka, storeUrl, 50, { sweepLimits });
  await untilCount(store, "events_raw", 1);
  await allowed.writer.checkClock();
});

// Deliveries would grow for ever; what people add up over years are the books.
// INVARIANT 8
test("deliveries of old months become sums of days, and the books stay as they are", async (t) => {
  const { store, kafka, storeUrl, app } = await setUp(t);
  const old = await fillMonth(store, app.app_id, { andNow: true });
  const books = () =>
    select(
      store,
      Type.Object({ day: Type.String(), outcome: Type.String(), reason: Type.String(), n: Type.String() }),
      `select * from (
        select toDate(received_at) as day, outcome, reason,
          concat(toString(sum(\`count\`)), ' ', toString(sum(outcomes.received))) as n
        from outcomes group by all
        union all
        select toDate(received_at), 'warning', code, toString(sum(\`count\`)) from warnings group by all
        union all
        select toDate(received_at), 'warned', '', toString(sum(\`count\`)) from warned_events group by all
      ) order by day, outcome, reason`,
    );
  const before = await books();
  assert.deepEqual(
    before.filter(({ day }) => day === old).map(({ outcome, reason, n }) => `${outcome} ${reason} ${n}`),
    ["accepted  12 12", "rejected time_too_old 5 5", "replayed  2 -2", "warned  3", "warning clock 4"],
  );

  const changes = { sweepLimits: { quietDaysMax: 3, percentMax: 90 } };
  const first = await startTestWriter(t, kafka, storeUrl, 50, changes);
  await untilCount(store, "folded_months_raw", 1);
  await untilCount(store, "ingest_batches_raw", 1);
  await untilCount(store, "outcomes_raw", 1);
  await first.close();
  assert.deepEqual(await books(), before);
  await untilCount(store, "ingest_batches", 1);

  // A writer that ended before the partitions were gone: the sums count, once, and the next sweep ends it.
  await fillMonth(store, app.app_id, { andNow: false });
  assert.deepEqual(await books(), before);
  await untilCount(store, "ingest_batches", 1);
  const next = await startTestWriter(t, kafka, storeUrl, 50, changes);
  await untilCount(store, `ingest_batches_raw where toDate(received_at) = '${old}'`, 0);
  await next.close();
  assert.deepEqual(await books(), before);
});

// INVARIANT 8
test("a writer whose clock is wrong sums up no month", async (t) => {
  const { store, kafka, storeUrl, app } = await setUp(t);
  await fillMonth(store, app.app_id, { andNow: true });
  const { metrics } = await startTestWriter(t, kafka, storeUrl, 50);
  await untilRefused(metrics, "share");
  await untilCount(store, "ingest_batches", 3);
  await untilCount(store, "folded_months_raw", 0);
});

/**
 * Deliveries of a day 500 days ago, one of them stored several times, with their outcomes.
 * @returns the day.
 */
async function fillMonth(store: ClickHouse, app_id: string, { andNow }: { andNow: boolean }) {
  const at = Math.floor((Date.now() - 500 * dayMs) / dayMs) * dayMs;
  const delivery = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
  const batch = (n: number, received_at: number, accepted: number, stored: number) => ({
    app_id,
    batch_id: delivery(n),
    delivery_id: delivery(n),
    accepted,
    warned: n,
    received_at: sqlTime(received_at),
    stored_at: sqlTime(received_at + stored),
  });
  await insertJson(store, {
    table: "ingest_batches_raw",
    rows: [batch(1, at + 1, 5, 0), batch(1, at + 1, 5, 9), batch(2, at + 3_600_000, 7, 0)],
  });
  await insertJson(store, { table: "ingest_batches_raw", rows: [batch(1, at + 1, 5, 20)] });
  const outcome = (n: number, name: string, reason: string, count: number, received_at = at + n) => ({
    app_id,
    received_at: sqlTime(received_at),
    delivery_id: delivery(n),
    outcome: name,
    reason,
    count,
  });
  const outcomes = [
    outcome(1, "rejected", "time_too_old", 4),
    outcome(2, "rejected", "time_too_old", 1),
    outcome(2, "replayed", "", 2),
    outcome(1, "warned", "clock", 4),
  ];
  await insertJson(store, { table: "outcomes_raw", rows: outcomes });
  if (andNow) {
    const now = Date.now();
    await insertJson(store, { table: "ingest_batches_raw", rows: [batch(3, now, 100, 0)] });
    await insertJson(store, { table: "outcomes_raw", rows: [outcome(3, "dropped", "sampled_out", 8, now)] });
  }
  return new Date(at).toISOString().slice(0, 10);
}

const sqlTime = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");

/** The sweep of a writer's start: one that comes later would find what is too old by then. */
async function untilSwept(metrics: Metrics): Promise<void> {
  await eventually(async () => {
    const swept = await metrics.registry.getSingleMetric("writer_sweep_timestamp_seconds")?.get();
    assert.ok((swept?.values[0]?.value ?? 0) > 0, "no sweep has ended");
  });
}

async function untilRefused(metrics: Metrics, reason: string): Promise<void> {
  await eventually(async () => {
    const refused = await metrics.registry.getSingleMetric("writer_sweeps_refused_total")?.get();
    const found = refused?.values.find(({ labels }) => labels["reason"] === reason);
    assert.ok((found?.value ?? 0) > 0, `no sweep was refused for ${reason}`);
  });
}

async function setUp(t: TestContext) {
  const [kafka, { store, url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const { app } = await publishApp(producer);
  return { kafka, store, storeUrl, producer, app };
}

async function publishState(producer: Producer, state: AppState): Promise<void> {
  const message = { key: state.app_id, value: JSON.stringify(state), headers: nextPosition() };
  await producer.send([{ topic: topics.apps, messages: [message] }]);
}

/** One event of each age, as they come from one batch each. */
async function sendAged(producer: Producer, app_id: string, days: number[]): Promise<void> {
  for (const age of days) {
    await sendRecord(producer, [{ app_id, client_time: Date.now() - age * dayMs - 60_000, key: age }]);
  }
}

async function sendRecord(producer: Producer, events: Parameters<typeof eventsRecord>[0]): Promise<void> {
  await producer.send([{ topic: topics.events, messages: [{ ...eventsRecord(events), partition: 0 }] }]);
}
