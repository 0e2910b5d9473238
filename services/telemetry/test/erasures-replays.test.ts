import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { openLagReader } from "@mosis/kafka";
import type { Replayed } from "@mosis/types/rejected";
import { topics } from "@mosis/types/topics";
import { replayDeadLetters } from "../src/replay/dead-letters.ts";
import { askErasure } from "./erasure-requests.ts";
import { publishReader, startQuery } from "./reading.ts";
import { batchOf, eventOf, openApp } from "./sending.ts";
import { openStoreDoor } from "./store-door.ts";
import { countOf, freshStore, openTestProducer, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka } from "./support.ts";

// Guards "an erasure that says erased has left no row of what was acknowledged before it", also when somebody
// has read the rows before and sends them again afterwards (INVARIANTS.md).

// INVARIANT 18
test("a replay that has read an event before its erasure brings nothing back", async (t) => {
  const { kafka, store, storeUrl, app, send, erase, installs } = await setUp(t);
  const door = await openStoreDoor(t, storeUrl);
  const url = await startQuery(t, kafka, door.url);
  const producer = await openTestProducer(t, kafka);
  const { developer_id } = app;
  const key = await publishReader(url, producer, {
    developer_id,
    permissions: ["telemetry:write", "audit:read"],
  });
  const replay = async () => {
    const answer = await fetch(`${url}/v1/apps/${app.package_id}/telemetry/rejected:replay`, {
      method: "POST",
      headers: { authorization: `Bearer ${key.secret}`, "content-type": "application/json" },
      body: JSON.stringify({ ...anyTime, code: "name_invalid", patch: { name: "mended" } }),
    });
    assert.equal(answer.status, 202);
    return (await answer.json()) as Replayed;
  };
  const [erased, other] = installs;
  await startTestWriter(t, kafka, storeUrl);
  for (const install of installs) await send(install, [eventOf({ name: "" })]);
  await untilCount(store, "rejected_events", 2);

  const held = door.holdAnswersOf("from rejected_events");
  const replaying = replay();
  await eventually(async () => assert.ok(held.bytes() > 0));
  await erase(erased);
  held.letGo();
  assert.equal((await replaying).accepted, 2);
  await untilCount(store, "outcomes_raw where outcome = 'replayed'", 2);
  assert.equal(await countOf(store, `events_raw where install_id = '${erased}'`), 0);
  assert.equal(await countOf(store, `events where install_id = '${other}'`), 1);

  // What was received after the erasure is no part of it.
  await send(erased, [eventOf({ name: "" })]);
  await untilCount(store, "rejected_events where not replayed", 1);
  assert.equal((await replay()).accepted, 1);
  await untilCount(store, `events where install_id = '${erased}'`, 1);
});

// INVARIANT 18
test("dead letters of an install that was erased since go back without its rows", async (t) => {
  const { kafka, store, storeUrl, send, erase, installs } = await setUp(t);
  const [erased, other] = installs;
  const producer = await openTestProducer(t, kafka);
  const letters = openLagReader(kafka, { group: "nobody", topics: [topics.deadLetters] });
  t.after(() => letters.close());
  const tables = ["events_raw", "rejected_events_raw"];
  for (const table of tables) await store.command(`alter table ${table} add constraint not_yet check false`);
  await startTestWriter(t, kafka, storeUrl);
  // Two blocks of each kind, and the refused one names its install in capitals in its own text.
  for (const install of installs) {
    const refused = eventOf({ name: "", properties: { of: install.toUpperCase() } });
    await send(install, [eventOf({ name: "late" }), refused]);
  }
  await eventually(async () =>
    assert.equal((await letters.read()).reduce((sum, { records }) => sum + records, 0) >= 4, true),
  );
  for (const table of tables) await store.command(`alter table ${table} drop constraint not_yet`);
  await erase(erased);
  for (const topic of [topics.events, topics.rejected]) {
    await replayDeadLetters({ kafka, producer, topic, recordsMax: 100, isDryRun: false });
  }
  await untilCount(store, `events where install_id = '${other}'`, 1);
  await untilCount(store, `rejected_events where position(context, '${other}') > 0`, 1);
  assert.deepEqual([await countOf(store, "events_raw"), await countOf(store, "rejected_events_raw")], [1, 1]);
});

const anyTime = { from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" };

async function setUp(t: TestContext) {
  const [kafka, { url: storeUrl, store }] = await Promise.all([freshKafka(), freshStore(t)]);
  const { send: sendBatch, app } = await openApp(t, kafka);
  const producer = await openTestProducer(t, kafka);
  const send = async (install_id: string, events: unknown[]) => {
    assert.equal((await sendBatch(batchOf(events, { context: { install_id } }))).status, 202);
  };
  /** Resolves when the erasure has its proof. */
  const erase = async (install_id: string) => {
    const { erasure_id } = await askErasure(producer, app, install_id);
    await untilCount(store, `erasures where erasure_id = '${erasure_id}'`, 1);
  };
  const installs = [randomUUID(), randomUUID()] as const;
  return { kafka, store, storeUrl, app, send, erase, installs };
}
