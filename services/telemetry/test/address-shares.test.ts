import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ProblemBody } from "@mosis/types/problems";
import type { TelemetryLimits } from "@mosis/types/telemetry-limits";
import type { AddressShareLimits } from "../src/ingest/judging/quota/address-shares.ts";
import { openBooks } from "./books.ts";
import { batchOf, eventOf, post } from "./sending.ts";
import { eventually, freshKafka, publishApp, startIngest, untilReady } from "./support.ts";

const rubbish = (events: number) => batchOf(Array.from({ length: events }, () => 1));
const good = (events: number) => batchOf(Array.from({ length: events }, () => eventOf({})));
const shares: AddressShareLimits = { ratePercent: 50, dayPercent: 10, refusedPercent: 10 };

// INVARIANT 69
test("events that are refused take nothing of the day, and only so many are refused", async (t) => {
  const { send } = await openShared(t, { telemetry_events_per_day: 2000 });
  assert.equal((await send("192.0.2.1", rubbish(1000))).status, 202);
  const refused = await send("192.0.2.1", rubbish(1000));
  const problem = (await refused.json()) as ProblemBody;
  assert.deepEqual([refused.status, problem.code], [429, "rate_limited"]);
  assert.match(problem.detail, /1000 events of the batch are not valid/);
  assert.match(refused.headers.get("ratelimit") ?? "", /"day";r=2000;.*"refused";r=\d+;t=\d+$/);
  assert.ok(Number(refused.headers.get("retry-after")) > 1);
  // One that is wrong among good ones waits, too; good ones do not, from the same address either.
  const mixed = batchOf([1, 1, ...Array.from({ length: 998 }, () => eventOf({}))]);
  assert.equal((await send("192.0.2.1", mixed)).status, 429);
  for (const left of [1500, 500]) {
    const answer = await send("192.0.2.1", good(500));
    assert.equal(answer.status, 202);
    assert.ok(Number(/"day";r=(\d+)/.exec(answer.headers.get("ratelimit") ?? "")?.[1]) >= left - 500);
  }
});

// INVARIANT 69
test("an address has a share of the day once half is used, and a secret key has all of it", async (t) => {
  const { send, producer, app } = await openShared(t, { telemetry_events_per_day: 10_000 });
  const sendUntilRefused = async (address: string) => {
    for (let sent = 0; ; sent += 1000) {
      const answer = await send(address, good(1000));
      if (answer.status !== 202) return { sent, problem: (await answer.json()) as ProblemBody };
    }
  };
  const first = await sendUntilRefused("192.0.2.1");
  assert.deepEqual([first.sent, first.problem.code], [5000, "quota_exceeded"]);
  assert.match(first.problem.detail, /of the rest an address may send 1000 /);
  const second = await sendUntilRefused("192.0.2.2");
  assert.deepEqual([second.sent, second.problem.code], [1000, "quota_exceeded"]);
  const secret = await publishApp(producer, {
    kind: "management",
    app_ids: [app.app_id],
    developer_id: app.developer_id,
  });
  await eventually(async () =>
    assert.equal((await send("192.0.2.1", good(1000), secret.secret)).status, 202),
  );
});

// INVARIANT 69
test("the books say what was refused of an app, and what was refused for it", async (t) => {
  const { kafka, app, books, startWriter } = await openBooks(t);
  await startWriter();
  const { url } = await startIngest(t, kafka, { addressShares: { ...shares, refusedPercent: 1 } });
  await untilReady(url);
  const other = await publishApp((await startIngest(t, kafka)).producer, {
    app_ids: [app.app_id],
    developer_id: app.developer_id,
  });
  await eventually(async () => assert.equal((await post(url, other.secret, good(1))).status, 202));
  let batches = 0;
  let answer = await post(url, other.secret, rubbish(1000));
  for (; answer.status === 202; answer = await post(url, other.secret, rubbish(1000))) batches++;
  assert.equal(answer.status, 429);
  await eventually(async () => {
    const { totals, reasons } = await books();
    assert.deepEqual([totals.accepted, totals.rejected], [1, batches * 1000]);
    assert.equal(reasons["refused rate_limited"], 1);
  });
});

/** An ingest behind a proxy that tells addresses, and an app with such limits. */
async function openShared(t: TestContext, limits: Partial<TelemetryLimits>) {
  const kafka = await freshKafka();
  const options = { addressShares: shares, trustedProxies: ["127.0.0.0/8"] };
  const { url, producer } = await startIngest(t, kafka, options);
  const published = await publishApp(producer, {}, limits);
  await untilReady(url);
  const send = (address: string, body: unknown, secret = published.secret) =>
    post(url, secret, body, { "x-forwarded-for": address });
  await eventually(async () => assert.equal((await send("192.0.2.99", batchOf([]))).status, 202));
  return { ...published, producer, send };
}
