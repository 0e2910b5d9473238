import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { shareOf } from "@mosis/types/sampling";
import type { BatchAccepted, TelemetryConfig } from "@mosis/types/telemetry";
import { topics } from "@mosis/types/topics";
import { readIngested } from "./ingested.ts";
import { batchOf, eventOf, openApp, post, validate } from "./sending.ts";
import { eventually, freshKafka, nextPosition, publishApp, restrict } from "./support.ts";

// INVARIANT 15
test("a restriction drops or sets aside what it names, and tells it of each event", async (t) => {
  const { send, app, url, secret, producer, ingested } = await started(t);
  await restrict(producer, { app_id: app.app_id, event_name: "noise" });
  await restrict(producer, { app_id: app.app_id, event_name: "strange", action: "quarantine" });
  const events = [
    eventOf({ name: "noise" }),
    eventOf({ name: "strange", properties: { a: "b" } }),
    eventOf({ name: "" }),
    eventOf({ name: "good" }),
    eventOf({ name: "noise" }),
  ];
  const batch = batchOf(events);
  const expected = [
    [0, "restricted", events[0]?.event_id],
    [1, "quarantined", events[1]?.event_id],
    [2, "name_invalid", events[2]?.event_id],
    [4, "restricted", events[4]?.event_id],
  ];
  const body = await eventually(async () => {
    const answer = (await (await validate(url, secret, batch)).json()) as BatchAccepted;
    assert.deepEqual([answer.accepted, answer.rejected, answer.dropped], [1, 2, 2]);
    return answer;
  }, 5000);
  const sent = (await (await send(batch)).json()) as BatchAccepted;
  assert.deepEqual({ ...sent, received_at: "" }, { ...body, received_at: "" });
  for (const { result, fix } of sent.results) assert.ok(result === "drop" && fix.length > 10);
  assert.deepEqual(
    sent.results.map(({ index, code, event_id }) => [index, code, event_id]),
    expected,
  );

  const row = await ingested.batch(batch.batch_id);
  assert.deepEqual([row["accepted"], row["rejected"], row["dropped"]], [1, 2, 2]);
  const rejected = await eventually(async () => {
    const rows = await ingested.rows("rejected", `batch_id = '${batch.batch_id}'`);
    assert.equal(rows.length, 2);
    return rows;
  });
  const aside = rejected.find(({ code }) => code === "quarantined");
  assert.deepEqual(JSON.parse(String(aside?.["raw"])), events[1], "it can be sent again as it came");
  const names = (await ingested.rows("events", `app_id = '${app.app_id}'`)).map(({ name }) => name);
  assert.deepEqual(names, ["good"]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^ingest_events_total\{outcome="dropped",code="restricted",service="test"\} 2$/m);
  assert.match(metrics, /^ingest_events_total\{outcome="rejected",code="quarantined",service="test"\} 1$/m);
});

// INVARIANT 15
test("a restriction holds within 5 s, and ends within 5 s of being lifted, or by itself", async (t) => {
  const { app, key, secret, url, producer } = await started(t);
  const dropped = async (with_ = secret) => {
    const answer = await post(url, with_, batchOf([eventOf({})]));
    return ((await answer.json()) as BatchAccepted).dropped;
  };
  const until = (count: number) => eventually(async () => assert.equal(await dropped(), count), 5000);
  assert.equal(await dropped(), 0);
  const id = await restrict(producer, { key_id: key.key_id });
  await until(1);
  const other = await publishApp(producer);
  const sibling = await publishApp(producer, { app_ids: [app.app_id], developer_id: app.developer_id });
  for (const { secret: free } of [other, sibling]) {
    await eventually(async () => assert.equal(await dropped(free), 0), 5000);
  }
  await producer.send([
    { topic: topics.restrictions, messages: [{ key: id, value: null, headers: nextPosition() }] },
  ]);
  await until(0);
  await restrict(producer, { app_id: app.app_id, expires_at: new Date(Date.now() + 1500).toISOString() });
  await until(1);
  await until(0);
});

// INVARIANT 16
test("a sample keeps whole sessions, the same at every attempt and for every client", async (t) => {
  const { app, send, producer } = await started(t);
  await restrict(producer, { app_id: app.app_id, action: "sample", rate: 0.3 });
  const sessions = Array.from({ length: 60 }, () => randomUUID());
  const kept = sessions.filter((session) => shareOf(session) < 0.3);
  const events = sessions.flatMap((session_id) => [eventOf({ session_id }), eventOf({ session_id })]);
  const batch = batchOf(events);
  for (let attempt = 0; attempt < 2; attempt++) {
    const { accepted, dropped, results } = await eventually(async () => {
      const answer = (await (await send(batch)).json()) as BatchAccepted;
      assert.notEqual(answer.dropped, 0);
      return answer;
    }, 5000);
    assert.deepEqual([accepted, dropped], [2 * kept.length, 120 - 2 * kept.length]);
    assert.ok(results.every(({ code }) => code === "sampled_out"));
  }
});

test("the config tells what a restriction would drop, and its ETag changes with it", async (t) => {
  const { app, key, secret, url, producer } = await started(t);
  const ask = async (query = "") => {
    const headers = { authorization: `Bearer ${secret}` };
    const answer = await fetch(`${url}/v1/telemetry/config${query}`, { headers });
    return { etag: answer.headers.get("etag"), status: answer.status, body: await answer.json() };
  };
  const before = await ask();
  assert.deepEqual((before.body as TelemetryConfig).sampling, { rate: 1, by_name: {} });
  const { app_id } = app;
  const ids = [
    await restrict(producer, { app_id, action: "sample", rate: 0.25 }),
    await restrict(producer, { app_id, event_name: "noise" }),
    await restrict(producer, { key_id: key.key_id, event_name: "strange", action: "quarantine" }),
    await restrict(producer, { app_id: randomUUID(), event_name: "other" }),
  ];
  const after = await eventually(async () => {
    const answer = await ask();
    const by_name = { noise: 0, strange: 1 };
    assert.deepEqual((answer.body as TelemetryConfig).sampling, { rate: 0.25, by_name });
    return answer;
  }, 5000);
  assert.notEqual(after.etag, before.etag);
  assert.deepEqual(await ask(`?package_id=${app.package_id}`), after);
  assert.equal((await ask("?package_id=org.nobody.app")).status, 404);
  const lifted = ids.map((id) => ({ key: id, value: null, headers: nextPosition() }));
  await producer.send([{ topic: topics.restrictions, messages: lifted }]);
  await eventually(async () => assert.equal((await ask()).etag, before.etag), 5000);
});

async function started(t: TestContext) {
  const kafka = await freshKafka();
  const open = await openApp(t, kafka);
  return { ...open, ingested: await readIngested(t, kafka) };
}
