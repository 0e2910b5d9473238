import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchAccepted } from "@mosis/types/telemetry";
import { topics } from "@mosis/types/topics";
import { openBooks, openRejected } from "./books.ts";
import { batchOf, eventOf, post, validate } from "./sending.ts";
import { untilCount } from "./stored.ts";
import { eventually, nextPosition, publishApp, restrict } from "./support.ts";

const around = {
  from: new Date(Date.now() - 3_600_000).toISOString(),
  to: new Date(Date.now() + 3_600_000).toISOString(),
};

// Guards the invariant "the books balance" (INVARIANTS.md), with restrictions.
// INVARIANT 8
test("what was in quarantine is replayed once that is lifted, and what is dropped is counted", async (t) => {
  const { send, list, replay, startWriter, books, store, app, ingest } = await openRejected(t);
  const { producer } = ingest;
  await startWriter();
  const { app_id } = app;
  const id = await restrict(producer, { app_id, event_name: "strange", action: "quarantine" });
  await restrict(producer, { app_id, event_name: "noise" });
  const validated = async () => {
    const answer = await validate(ingest.url, ingest.secret, batchOf([strange, noise, eventOf({})]));
    return (await answer.json()) as BatchAccepted;
  };
  const [strange, noise] = [eventOf({ name: "strange" }), eventOf({ name: "noise" })];
  await eventually(async () => {
    const { accepted, rejected, dropped } = await validated();
    assert.deepEqual([accepted, rejected, dropped], [1, 1, 1]);
  });
  assert.equal((await send(batchOf([strange, noise, eventOf({})]))).status, 202);
  await eventually(async () => assert.equal((await list("code=quarantined")).body.data.length, 1));

  // Query may hear of it a moment after ingest.
  const asked = { ...around, code: "quarantined" };
  const held = await eventually(async () => {
    const { body } = await replay({ ...asked, dry_run: true });
    assert.equal(body.results[0]?.code, "quarantined");
    return body;
  });
  assert.deepEqual([held.accepted, held.rejected], [0, 1]);
  await producer.send([
    { topic: topics.restrictions, messages: [{ key: id, value: null, headers: nextPosition() }] },
  ]);
  await eventually(async () => assert.equal((await replay(asked)).body.accepted, 1));

  await untilCount(store, `events where app_id = '${app_id}' and name = 'strange'`, 1);
  await eventually(async () => {
    const { totals, reasons } = await books();
    const { received, accepted, rejected, dropped, replayed } = totals;
    assert.deepEqual([received, accepted, rejected, dropped, replayed], [3, 2, 1, 1, 1]);
    assert.equal(reasons["dropped restricted"], 1);
    assert.equal(reasons["replayed quarantined"], 1);
  });
});

// INVARIANT 8
test("a batch over its quota is refused in the books of the app it names, and counts no event", async (t) => {
  const { app, ingest, books, startWriter } = await openBooks(t);
  const { producer, url } = ingest;
  await startWriter();
  const limited = { ...app, telemetry_events_per_day: 2 };
  const message = { key: app.app_id, value: JSON.stringify(limited), headers: nextPosition() };
  await producer.send([{ topic: topics.apps, messages: [message] }]);
  const wide = await publishApp(producer, { app_ids: null, developer_id: app.developer_id });
  const batch = () => batchOf([eventOf({}), eventOf({}), eventOf({})], { package_id: app.package_id });
  await eventually(async () => {
    const answer = await validate(url, wide.secret, batch());
    assert.equal(answer.status, 200);
  });
  let refused = 0;
  let taken = 0;
  await eventually(async () => {
    const { status } = await post(url, wide.secret, batch());
    if (status === 202) taken += 3;
    assert.equal(status, 429);
    refused++;
  });
  await eventually(async () => {
    const { totals, reasons } = await books();
    assert.deepEqual([totals.received, totals.refused], [taken, refused]);
    assert.deepEqual(reasons, { "refused quota_exceeded": refused });
  });
});
