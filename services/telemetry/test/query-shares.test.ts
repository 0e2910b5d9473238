import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { insertJson } from "@mosis/clickhouse";
import { get, publishReader, startQuery } from "./reading.ts";
import { freshStore, openTestProducer } from "./stored.ts";
import { eventually, freshKafka } from "./support.ts";

const dayMs = 86_400_000;
const range = { from: at(-dayMs), to: at(dayMs) };

// INVARIANT 62
test("an account that replays as much as it can leaves slots to others", async (t) => {
  const [kafka, { store, url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const url = await startQuery(t, kafka, storeUrl);
  const producer = await openTestProducer(t, kafka);
  const grant = { permissions: ["telemetry:read", "telemetry:write"] };
  const [busy, quiet] = [
    await publishReader(url, producer, grant),
    await publishReader(url, producer, grant),
  ] as const;
  const rows = Array.from({ length: 1000 }, () => rejectedRow(busy.app.app_id));
  await insertJson(store, { table: "rejected_events_raw", rows });
  for (const { app, secret } of [busy, quiet]) {
    const rejected = `${url}/v1/apps/${app.package_id}/telemetry/rejected`;
    await eventually(async () => assert.equal((await get(rejected, secret)).status, 200));
  }
  const replays = ({ app, secret }: typeof busy, count: number) =>
    Array.from({ length: count }, async () => {
      const answer = await fetch(`${url}/v1/apps/${app.package_id}/telemetry/rejected:replay`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ ...range, dry_run: true }),
      });
      return { status: answer.status, body: (await answer.json()) as { code?: string } };
    });
  // The busy account has more than it may run and wait with, and comes first.
  const flood = replays(busy, 60);
  const others = await Promise.all(replays(quiet, 10));
  assert.deepEqual(
    others.map(({ status }) => status),
    others.map(() => 200),
  );
  const refused = (await Promise.all(flood)).filter(({ status }) => status !== 200);
  for (const { status, body } of refused) assert.deepEqual([status, body.code], [429, "rate_limited"]);
  assert.ok(refused.length > 0, "its own calls are refused");
});

/** An event that nobody takes: each replay tries it again. */
function rejectedRow(app_id: string) {
  return {
    app_id,
    received_at: at(0),
    batch_id: randomUUID(),
    delivery_id: randomUUID(),
    index: 0,
    event_id: randomUUID(),
    code: "name_invalid",
    pointer: "/name",
    raw: JSON.stringify({ event_id: randomUUID(), name: "", time: Date.now() }),
  };
}

function at(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
