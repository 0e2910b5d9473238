import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Producer } from "@mosis/kafka";
import type { Metrics } from "@mosis/runtime";
import type { AppState } from "@mosis/types/apps";
import { topics } from "@mosis/types/topics";
import { eventsRecord, freshStore, openTestProducer, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka, nextPosition, publishApp } from "./support.ts";

const dayMs = 86_400_000;

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
