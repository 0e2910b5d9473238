import assert from "node:assert/strict";
import { test } from "node:test";
import { createTelemetry, type Telemetry } from "@mosis/client";
import { registerApp, startPlatform, type TestPlatform, untilEqual } from "./platform.ts";

type App = Awaited<ReturnType<typeof registerApp>>;

// INVARIANT 1
test("an event travels from HTTP to SQL once, whatever is killed on its way", async (t) => {
  const platform = await startPlatform(t);
  const app = await registerApp(platform);

  await t.test("with its columns as they were sent", () => columnsAsSent(platform, app));

  for (const victim of ["writer", "ingest"] as const) {
    await t.test(`after kill -9 of ${victim} in the middle of the traffic`, async () => {
      const telemetry = openClient(platform, app);
      const name = `during_kill_of_${victim}`;
      track(telemetry, name, 800);
      await untilEqual(async () => telemetry.stats().accepted > 0, true);
      await platform.kill(victim);
      track(telemetry, name, 400);
      await platform.start(victim);
      track(telemetry, name, 800);
      assert.deepEqual(await telemetry.close({ timeoutMs: 30_000 }), { pending: 0 });
      assert.deepEqual(telemetry.stats().discarded, {});
      await untilEqual(() => countOf(platform, app, name), 2000);
    });
  }

  await t.test("also when the same batch is sent again and again", () => sentAgain(platform, app));
});

async function columnsAsSent(platform: TestPlatform, app: App): Promise<void> {
  const telemetry = openClient(platform, app);
  const time = Date.now() - 60_000;
  const sessionId = "0192f0c1-2c46-7503-817d-6f49feb17cb7";
  const properties = { level: "forest", score: 12.5, won: true };
  telemetry.track("level_complete", { kind: "screen", time, sessionId, durationMs: 1200, properties });
  assert.deepEqual(await telemetry.close({ timeoutMs: 10_000 }), { pending: 0 });
  const read = () =>
    platform.sql(`select name, kind, toUnixTimestamp64Milli(event_time) as time,
      toString(session_id) as session,
      duration_ms, os, version_code, properties_string, properties_number, package_id
      from events where app_id = '${app.appId}'`);
  await untilEqual(read, [
    {
      name: "level_complete",
      kind: "screen",
      time,
      session: sessionId,
      duration_ms: 1200,
      os: "linux",
      version_code: 7,
      properties_string: { level: "forest" },
      properties_number: { score: 12.5, won: 1 },
      package_id: app.packageId,
    },
  ]);
}

async function sentAgain(platform: TestPlatform, app: App): Promise<void> {
  const batchId = crypto.randomUUID();
  const event = { event_id: crypto.randomUUID(), name: "retried", time: Date.now() };
  const body = JSON.stringify({ batch_id: batchId, events: [event] });
  const headers = { authorization: `Bearer ${app.ingestKey}`, "content-type": "application/json" };
  for (let i = 0; i < 5; i++) {
    const url = `${platform.urls.ingest}/v1/telemetry/batches`;
    const answer = await fetch(url, { method: "POST", headers, body });
    assert.equal(answer.status, 202, await answer.text());
  }
  const deliveries = `select toUInt32(count()) as count from ingest_batches
    where app_id = '${app.appId}' and batch_id = '${batchId}'`;
  await untilEqual(() => platform.sql(deliveries), [{ count: 5 }]);
  await untilEqual(() => countOf(platform, app, "retried"), 1);
}

function openClient({ urls }: TestPlatform, { ingestKey }: App): Telemetry {
  return createTelemetry({
    endpoint: urls.ingest,
    key: ingestKey,
    context: { os: "linux", version_code: 7 },
    batchEventsMax: 50,
    batchAgeMsMax: 20,
    retryDelayMsMin: 50,
    retryDelayMsMax: 500,
  });
}

function track(telemetry: Telemetry, name: string, count: number): void {
  for (let i = 0; i < count; i++) telemetry.track(name, { properties: { i } });
}

async function countOf(platform: TestPlatform, { appId }: App, name: string): Promise<number> {
  const [row] = await platform.sql<{ count: number }>(
    `select toUInt32(count()) as count from events where app_id = '${appId}' and name = '${name}'`,
  );
  return row?.count ?? 0;
}
