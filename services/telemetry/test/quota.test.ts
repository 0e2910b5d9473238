import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { KafkaConfig, Producer } from "@mosis/kafka";
import type { ProblemBody } from "@mosis/types/problems";
import type { BatchAccepted } from "@mosis/types/telemetry";
import type { TelemetryLimits } from "@mosis/types/telemetry-limits";
import { topics } from "@mosis/types/topics";
import { readIngested } from "./ingested.ts";
import { batchOf, eventOf, post, validate } from "./sending.ts";
import { eventually, freshKafka, nextPosition, publishApp, startIngest, untilReady } from "./support.ts";

// INVARIANT 13
test("a batch over the day's quota is refused whole, and none of it is stored", async (t) => {
  const kafka = await freshKafka();
  const { url, secret, app } = await openLimited(t, kafka, { telemetry_events_per_day: 10 });
  const ingested = await readIngested(t, kafka);
  const first = await send(url, secret, 7);
  assert.equal(first.status, 202);
  assert.match(first.headers.get("ratelimit") ?? "", /^"day";r=\d+;t=\d+, "burst";r=\d+;t=\d+$/);
  assert.equal(first.headers.get("ratelimit-policy"), `"day";q=10;w=86400, "burst";q=25000;w=5`);

  const refused = await send(url, secret, 4);
  const problem = (await refused.json()) as ProblemBody;
  assert.deepEqual([refused.status, problem.code], [429, "quota_exceeded"]);
  assert.equal(problem.type, "https://mosis.dev/problems/quota_exceeded");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 86_400, `retry after ${seconds} s`);
  assert.match(refused.headers.get("ratelimit") ?? "", new RegExp(`^"day";r=3;t=${seconds}, "burst"`));
  assert.match(refused.headers.get("ratelimit-policy") ?? "", /^"day";q=10;w=86400/);

  // The refusal took nothing: what is left is still to be had, and no more.
  assert.equal((await send(url, secret, 3)).status, 202);
  assert.equal((await send(url, secret, 1)).status, 429);
  assert.equal((await send(url, secret, 0)).status, 202);
  const rows = await eventually(async () => {
    const batches = await ingested.rows("batches", `app_id = '${app.app_id}'`);
    assert.equal(batches.filter(({ accepted }) => accepted !== 0).length, 2);
    return batches;
  });
  assert.deepEqual(new Set(rows.map(({ accepted }) => accepted)), new Set([0, 3, 7]));
  assert.equal((await ingested.rows("events")).length, 10);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^ingest_events_over_quota_total\{code="quota_exceeded",service="test"\} 5$/m);
});

test("a burst is refused until its bucket has filled again", async (t) => {
  const kafka = await freshKafka();
  const { url, secret } = await openLimited(t, kafka, { telemetry_events_per_second: 500 });
  for (const events of [1000, 1000]) assert.equal((await send(url, secret, events)).status, 202);
  const refused = await eventually(async () => {
    const answer = await send(url, secret, 1000);
    assert.equal(answer.status, 429);
    return answer;
  });
  assert.equal(((await refused.json()) as ProblemBody).code, "rate_limited");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 2, `retry after ${seconds} s`);
  await eventually(async () => assert.equal((await send(url, secret, 1000)).status, 202));
});

test("a key with a limit of its own is held to it, and others of the app are not", async (t) => {
  const kafka = await freshKafka();
  const { url, secret, producer, app } = await openLimited(t, kafka, {});
  const limits = { telemetry_events_per_second: 1 };
  const own = { app_ids: [app.app_id], developer_id: app.developer_id };
  const slow = await publishApp(producer, { ...own, ...limits });
  await eventually(async () => assert.equal((await send(url, slow.secret, 1000)).status, 202));
  const refused = await send(url, slow.secret, 100);
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get("ratelimit-policy") ?? "", /, "key";q=1000;w=1000$/);
  const { detail } = (await refused.json()) as ProblemBody;
  assert.match(detail, /^The key may send 1 events a second/);
  assert.equal((await send(url, secret, 1000)).status, 202);
});

// INVARIANT 13
test("validating takes nothing of a quota, and is not refused by it", async (t) => {
  const kafka = await freshKafka();
  const { url, secret } = await openLimited(t, kafka, { telemetry_events_per_day: 2 });
  for (let i = 0; i < 3; i++) {
    const answer = await validate(url, secret, batchOf([eventOf({}), eventOf({})]));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("ratelimit"), null);
  }
  assert.equal((await send(url, secret, 2)).status, 202);
  assert.equal((await validate(url, secret, batchOf([eventOf({})]))).status, 200);
  assert.equal((await send(url, secret, 1)).status, 429);
});

// Guards the invariant "a day's quota holds for all ingest processes together, and over a restart"
// (INVARIANTS.md).
// INVARIANT 14
test("the day is counted over all processes, and one that starts knows what was taken before", async (t) => {
  const kafka = await freshKafka();
  const limits = { telemetry_events_per_day: 100 };
  const { url, secret } = await openLimited(t, kafka, limits);
  const second = await startIngest(t, kafka);
  await untilReady(second.url);
  assert.equal((await send(url, secret, 60)).status, 202);
  assert.equal((await send(second.url, secret, 10)).status, 202);
  const asksInVain = async (ingest: string) => {
    // More than any of them ever has left, so it takes nothing and tells what is left.
    const answer = await send(ingest, secret, 91);
    assert.deepEqual([answer.status, await leftOf(answer)], [429, 30]);
  };
  await eventually(() => asksInVain(url));
  await eventually(() => asksInVain(second.url));

  const third = await startIngest(t, kafka);
  await untilReady(third.url);
  await asksInVain(third.url);
  assert.equal((await send(third.url, secret, 30)).status, 202);
  await eventually(async () => assert.equal((await send(url, secret, 1)).status, 429));
});

test("a higher limit holds within 5 s, and what was taken stays taken", async (t) => {
  const kafka = await freshKafka();
  const { url, secret, app, producer } = await openLimited(t, kafka, { telemetry_events_per_day: 5 });
  assert.equal((await send(url, secret, 5)).status, 202);
  assert.equal((await send(url, secret, 1)).status, 429);
  const raised = { ...app, telemetry_events_per_day: 8 };
  await producer.send([
    {
      topic: topics.apps,
      messages: [{ key: app.app_id, value: JSON.stringify(raised), headers: nextPosition() }],
    },
  ]);
  await eventually(async () => assert.equal((await send(url, secret, 3)).status, 202), 5000);
  assert.equal((await send(url, secret, 1)).status, 429);
});

// INVARIANT 13
test("a batch that could not be stored takes nothing", async (t) => {
  const kafka = await freshKafka();
  const { url, secret, producer } = await openLimited(t, kafka, { telemetry_events_per_day: 5 });
  const broken: Producer = { ...producer, send: () => Promise.reject(new Error("away")) };
  const failing = await startIngest(t, kafka, { producer: broken });
  await untilReady(failing.url);
  for (let i = 0; i < 3; i++) assert.equal((await send(failing.url, secret, 5)).status, 503);
  const answer = await send(failing.url, secret, 6);
  assert.deepEqual([answer.status, await leftOf(answer)], [429, 5]);
  assert.equal((await send(url, secret, 5)).status, 202);
});

async function openLimited(t: TestContext, kafka: KafkaConfig, limits: Partial<TelemetryLimits>) {
  const { url, producer } = await startIngest(t, kafka);
  const published = await publishApp(producer, {}, limits);
  await untilReady(url);
  await eventually(async () => assert.equal((await send(url, published.secret, 0)).status, 202));
  return { url, producer, ...published };
}

async function send(url: string, secret: string, events: number): Promise<Response> {
  const answer = await post(url, secret, batchOf(Array.from({ length: events }, () => eventOf({}))));
  if (answer.status === 202) {
    const { accepted } = (await answer.clone().json()) as BatchAccepted;
    assert.equal(accepted, events);
  }
  return answer;
}

/** What a refusal says is left of the day. */
async function leftOf(answer: Response): Promise<number> {
  await answer.arrayBuffer();
  return Number(/"day";r=(\d+)/.exec(answer.headers.get("ratelimit") ?? "")?.[1]);
}
