import assert from "node:assert/strict";
import { test } from "node:test";
import { type Catalog, MosisProblem } from "@mosis/client";
import type { BatchAccepted } from "@mosis/types/telemetry";
import { registerApp, startPlatform, type TestPlatform, untilEqual } from "./platform.ts";

test("what the catalog says of an app's telemetry holds in ingest within 5 s", async (t) => {
  const platform = await startPlatform(t);
  const { catalog, packageId, ingestKey, ingestKeyId } = await registerApp(platform);
  const send = (events: number) => sendEvents(platform, ingestKey, events);

  // INVARIANT 15
  await t.test("a restriction, and that it was lifted", async () => {
    const asked = { key_id: ingestKeyId, event_name: "noise", action: "drop", reason: "test" } as const;
    const dropped = async () => (await send(2)).dropped;
    assert.equal(await dropped(), 0);
    const { id } = await catalog.createTelemetryRestriction(asked);
    await untilEqual(dropped, 2, { timeoutMs: 5000 });
    await catalog.liftTelemetryRestriction(id);
    await untilEqual(dropped, 0, { timeoutMs: 5000 });
  });

  // INVARIANT 14
  await t.test("a limit, in a process that was killed and started again too", async () => {
    const taken = await limitToWhatWasSent(catalog, packageId, send);
    await untilEqual(async () => (await send(1)).status, 429, { timeoutMs: 5000 });
    // A kill before the count is reported would lose up to an interval of it.
    await untilEqual(() => untoldEvents(platform), 0);
    await platform.kill("ingest");
    await platform.start("ingest");
    assert.equal((await send(1)).status, 429, `${taken} events were taken before the kill`);
    await assert.rejects(
      catalog.changeTelemetryLimits(packageId, { telemetry_events_per_day: 20_000_001 }),
      (error) => error instanceof MosisProblem && error.code === "permission_missing",
    );
    await catalog.changeTelemetryLimits(packageId, { telemetry_events_per_day: 20_000_000 });
    await untilEqual(async () => (await send(1)).status, 202, { timeoutMs: 5000 });
  });
});

/** @returns the count of today after which none are left. */
async function limitToWhatWasSent(
  catalog: Catalog,
  packageId: string,
  send: (events: number) => Promise<Sent>,
): Promise<number> {
  const { left } = await send(0);
  const { telemetry_events_per_day } = await catalog.telemetryLimits(packageId);
  const taken = telemetry_events_per_day - left;
  await catalog.changeTelemetryLimits(packageId, { telemetry_events_per_day: taken });
  return taken;
}

async function untoldEvents({ urls }: TestPlatform): Promise<number> {
  const metrics = await (await fetch(`${urls.ingest}/metrics`)).text();
  return Number(/^ingest_usage_untold_events\{.*\} (\d+)$/m.exec(metrics)?.[1]);
}

interface Sent {
  status: number;
  dropped: number;
  /** The events that are left of the day. */
  left: number;
}

async function sendEvents({ urls }: TestPlatform, key: string, count: number): Promise<Sent> {
  const events = Array.from({ length: count }, () => ({
    event_id: crypto.randomUUID(),
    name: "noise",
    time: Date.now(),
  }));
  const answer = await fetch(`${urls.ingest}/v1/telemetry/batches`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ batch_id: crypto.randomUUID(), events }),
  });
  const { dropped = 0 } = (await answer.json()) as Partial<BatchAccepted>;
  const left = Number(/"day";r=(\d+)/.exec(answer.headers.get("ratelimit") ?? "")?.[1]);
  return { status: answer.status, dropped, left };
}
