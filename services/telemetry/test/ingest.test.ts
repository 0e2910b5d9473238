import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { BatchAccepted } from "@mosis/types/telemetry";
import { readIngested } from "./ingested.ts";
import { batchOf, eventOf, openApp } from "./sending.ts";
import { eventually, freshKafka } from "./support.ts";

const dayMs = 86_400_000;

// INVARIANT 3
test("an accepted event is in Kafka with everything the batch says of it", async (t) => {
  const { send, app, key, ingested } = await started(t);
  const context = {
    install_id: randomUUID(),
    version_code: 42,
    os: "android",
    os_version: "15",
    country: "DE",
  };
  const session_id = randomUUID();
  const time = Date.now() - 5000;
  const event = eventOf({
    name: "level_complete ✓",
    kind: "screen",
    time: new Date(time).toISOString(),
    session_id,
    duration_ms: 1200.4,
    properties: { level: "wald 🌲", score: 12.5, won: true, lost: false, "": 1 },
  });
  delete (event.properties as Record<string, unknown>)[""];
  const batch = batchOf([event], {
    context,
    sdk: { name: "sdk", version: "1" },
    discarded: [{ reason: "q", count: 3 }],
  });
  const answer = await send(batch);
  assert.equal(answer.status, 202);
  const body = (await answer.json()) as BatchAccepted;
  assert.deepEqual({ ...body, received_at: "" }, accepted(batch.batch_id, 1, 0));
  assert.equal(
    answer.headers.get("location"),
    `/v1/telemetry/batches/${batch.batch_id}?received_at=${body.received_at}`,
  );

  const row = await ingested.batch(batch.batch_id);
  assert.deepEqual(
    [row["app_id"], row["key_id"], row["accepted"], row["rejected"], row["discarded"], row["sdk_name"]],
    [app.app_id, key.key_id, 1, 0, 3, "sdk"],
  );
  const [stored] = await ingested.rows("events", `session_id = '${session_id}'`);
  const receivedAtMs = Date.parse(body.received_at);
  const { event_key, ...rest } = stored ?? {};
  assert.ok(typeof event_key === "number" && event_key > 0);
  assert.deepEqual(rest, {
    app_id: app.app_id,
    session_id,
    client_time: new Date(time).toISOString().replace("T", " ").replace("Z", ""),
    clock_correction_ms: 0,
    received_delay_ms: receivedAtMs - time,
    name: "level_complete ✓",
    kind: "screen",
    device_model: "",
    locale: "",
    network: "",
    mosis_version: "",
    ...context,
    duration_ms: 1200,
    properties_string: { level: "wald 🌲" },
    properties_number: { score: 12.5, won: 1, lost: 0 },
  });
});

// INVARIANT 5
test("bad events are told apart one by one, and the good ones of the batch are kept", async (t) => {
  const { send, ingested } = await started(t);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`p${i}`, i]));
  const bad: [string, string, unknown][] = [
    ["not_an_object", "", 7],
    ["not_an_object", "", null],
    ["not_an_object", "", []],
    ["field_missing", "/name", { event_id: randomUUID(), time: 1 }],
    ["field_unknown", "/color", eventOf({ color: "red" })],
    ["type_invalid", "/name", eventOf({ name: 5 })],
    ["type_invalid", "/properties", eventOf({ properties: [] })],
    ["uuid_invalid", "/event_id", eventOf({ event_id: "42" })],
    ["uuid_invalid", "/session_id", eventOf({ session_id: "" })],
    ["name_invalid", "/name", eventOf({ name: "" })],
    ["name_invalid", "/name", eventOf({ name: "nul\u0000" })],
    ["name_invalid", "/name", eventOf({ name: "x".repeat(101) })],
    ["kind_unknown", "/kind", eventOf({ kind: "click" })],
    ["time_invalid", "/time", eventOf({ time: "yesterday" })],
    ["time_invalid", "/time", eventOf({ time: 1e300 })],
    ["time_too_old", "/time", eventOf({ time: Date.now() - 40 * dayMs })],
    ["time_too_far_ahead", "/time", eventOf({ time: Date.now() + dayMs })],
    ["duration_invalid", "/duration_ms", eventOf({ duration_ms: -1 })],
    ["properties_too_many", "/properties", eventOf({ properties: many })],
    ["property_key_invalid", "/properties", eventOf({ properties: { ["k".repeat(65)]: 1 } })],
    ["property_value_invalid", "/properties/a~1b", eventOf({ properties: { "a/b": {} } })],
  ];
  const good = eventOf({ name: "Ünïcödé 👩‍🚀", properties: { text: "nul\u0000 is text here" } });
  const batch = batchOf([...bad.map(([, , event]) => event), good]);
  const answer = await send(batch);
  assert.equal(answer.status, 202);
  const body = (await answer.json()) as BatchAccepted;
  assert.deepEqual([body.accepted, body.rejected], [1, bad.length]);
  assert.deepEqual(
    body.results.map(({ index, result, code, pointer }) => [index, result, code, pointer]),
    bad.map(([code, pointer], index) => [index, "drop", code, pointer]),
  );
  await ingested.batch(batch.batch_id);
  const [stored] = await ingested.rows("events", `name = '${good.name}'`);
  assert.deepEqual(stored?.["properties_string"], { text: "nul\u0000 is text here" });
  const rejected = await eventually(async () => {
    const rows = await ingested.rows("rejected", `batch_id = '${batch.batch_id}'`);
    assert.equal(rows.length, bad.length);
    return rows;
  });
  const unknown = rejected.find(({ code }) => code === "field_unknown");
  assert.equal((JSON.parse(String(unknown?.["raw"])) as { color: string }).color, "red");
});

test("a long text is cut at 1024 characters and the event kept, with a warning", async (t) => {
  const { send, ingested } = await started(t);
  const session_id = randomUUID();
  const batch = batchOf([
    eventOf({ session_id, properties: { short: "a".repeat(1024), long: "🌲".repeat(1100) } }),
  ]);
  const body = (await (await send(batch)).json()) as BatchAccepted;
  assert.deepEqual(
    body.results.map(({ code, result, pointer }) => [code, result, pointer]),
    [["string_truncated", "warning", "/properties/long"]],
  );
  assert.equal((await ingested.batch(batch.batch_id))["warned"], 1);
  const [stored] = await ingested.rows("events", `session_id = '${session_id}'`);
  assert.deepEqual(stored?.["properties_string"], { short: "a".repeat(1024), long: "🌲".repeat(1024) });
});

test("a wrong clock is corrected, both times are kept, and the key of the event stays", async (t) => {
  const { send, ingested } = await started(t);
  const session_id = randomUUID();
  const aheadMs = 40 * dayMs;
  const event = eventOf({ session_id, time: Date.now() + aheadMs - 1000 });
  const wrong = batchOf([event], { sent_at: Date.now() + aheadMs });
  const body = (await (await send(wrong)).json()) as BatchAccepted;
  assert.deepEqual([body.accepted, body.results[0]?.code], [1, "clock_corrected"]);
  const retried = batchOf([{ ...event, event_id: event.event_id.toUpperCase() }], {
    sent_at: Date.now() + aheadMs + 500,
  });
  assert.equal((await send(retried)).status, 202);
  await ingested.batch(wrong.batch_id);
  await ingested.batch(retried.batch_id);
  const rows = await ingested.rows("events", `session_id = '${session_id}'`);
  assert.equal(rows.length, 2);
  // Guards: every delivery of an event falls onto one row, whatever clock correction it got.
  const identities = new Set(
    rows.map((row) =>
      JSON.stringify([row["app_id"], row["session_id"], row["client_time"], row["event_key"]]),
    ),
  );
  assert.equal(identities.size, 1);
  const correction = Number(rows[0]?.["clock_correction_ms"]);
  assert.ok(Math.abs(correction + aheadMs) < 5000, `corrected by ${correction}`);
  const delay = Number(rows[0]?.["received_delay_ms"]);
  assert.ok(Math.abs(delay - 1000 + aheadMs) < 5000, `received ${delay} after the client's time`);
});

// INVARIANT 7
test("events of several months become a record each, the batch is told with the last", async (t) => {
  const { send, ingested } = await started(t);
  const wrongClock = Date.UTC(1971, 0, 1);
  const times = [Date.now(), Date.now() - 28 * dayMs];
  const now = batchOf(times.map((time) => eventOf({ time })));
  assert.equal((await send(now)).status, 202);
  const old = batchOf([eventOf({ time: wrongClock })], { sent_at: wrongClock });
  assert.equal((await send(old)).status, 202);
  await ingested.batch(now.batch_id);
  await ingested.batch(old.batch_id);
  const headers = ingested.records
    .filter(({ topic }) => topic === "telemetry.events")
    .map(({ headers: h }) => `${String(h["month"])}: ${String(h["rows"])} ${h["batches"] !== undefined}`);
  const months = times.map((time) => new Date(time).toISOString().slice(0, 7).replace("-", "")).toSorted();
  const expected = [...new Set(months)].map(
    (month, i, all) => `${month}: ${2 / all.length} ${i === all.length - 1}`,
  );
  assert.deepEqual(headers.toSorted(), [...expected, "0: 1 true"].toSorted());
});

test("bodies may be compressed", async (t) => {
  const { send, ingested } = await started(t);
  for (const [coding, pack] of Object.entries({
    gzip: gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  })) {
    const batch = batchOf([eventOf({})]);
    const answer = await send(pack(JSON.stringify(batch)), { "content-encoding": coding });
    assert.equal(answer.status, 202, coding);
    await ingested.batch(batch.batch_id);
  }
});

test("a request larger than a Kafka record is stored whole", async (t) => {
  const { send, ingested } = await started(t);
  const properties = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, "ü".repeat(250)]));
  const batch = batchOf(Array.from({ length: 450 }, () => eventOf({ properties })));
  const answer = await send(gzipSync(JSON.stringify(batch)), { "content-encoding": "gzip" });
  assert.equal(answer.status, 202);
  await ingested.batch(batch.batch_id);
  assert.equal((await ingested.rows("events")).length, 450);
  const partitions = new Set(ingested.records.map(({ partition }) => partition));
  assert.equal(partitions.size, 1, "its batch must not be told before its last event");
  assert.ok(ingested.records.length > 3);
});

test("refused events that grow when written out cost no batch its acknowledgement", async (t) => {
  const { send, ingested } = await started(t);
  // "1e20," is written out as "100000000000000000000,".
  const swelling = (events: number) => {
    const list = Array.from({ length: 1400 }, () => "1e20").join(",");
    const event = `{"event_id":"${randomUUID()}","name":"x","time":1,"properties":[${list}]}`;
    const all = Array.from({ length: events }, () => event).join(",");
    return `{"batch_id":"${randomUUID()}","events":[${all}]}`;
  };
  const bodies = Array.from({ length: 12 }, (_, i) => swelling(i % 2 === 0 ? 24 : 27));
  const answers = await Promise.all(bodies.map((body) => send(body)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    bodies.map(() => 202),
  );
  await eventually(async () => assert.equal((await ingested.rows("rejected")).length, 6 * (24 + 27)));
});

test("a batch of no events is a batch", async (t) => {
  const { send, ingested } = await started(t);
  const batch = batchOf([], { discarded: [{ reason: "offline", count: 9 }] });
  assert.equal((await send(batch)).status, 202);
  assert.equal((await ingested.batch(batch.batch_id))["discarded"], 9);
});

function accepted(batch_id: string, good: number, bad: number): BatchAccepted {
  return { batch_id, received_at: "", accepted: good, rejected: bad, dropped: 0, results: [] };
}

async function started(t: TestContext) {
  const kafka = await freshKafka();
  const open = await openApp(t, kafka);
  return { ...open, ingested: await readIngested(t, kafka) };
}
