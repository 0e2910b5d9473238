// Tests processes that are asked to end while Kafka stands still: connections are open, and nobody answers.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type ServiceName, serviceNames } from "../infra/local/services.ts";
import { openKafkaDoor } from "./kafka-door.ts";
import { registerApp, startPlatform, untilEqual } from "./platform.ts";

/** The time after which the operator's engine kills a process (`stop_grace_period` of docker-compose.yml). */
const graceMs = 20_000;

// INVARIANT 74
test("every process ends within its grace and with 0 while Kafka stands still", async (t) => {
  const door = await openKafkaDoor(
    t,
    process.env["KAFKA_BROKERS"] ?? assert.fail("KAFKA_BROKERS is not set"),
  );
  const platform = await startPlatform(t, { KAFKA_BROKERS: door.address });
  const { catalog, ingestKey, packageId } = await registerApp(platform);
  const { urls } = platform;
  const headers = { authorization: `Bearer ${ingestKey}`, "content-type": "application/json" };
  const batches = `${urls.ingest}/v1/telemetry/batches`;
  const send = async () => {
    const events = [{ event_id: randomUUID(), name: "seen", time: Date.now() }];
    const body = JSON.stringify({ batch_id: randomUUID(), events });
    return (await fetch(batches, { method: "POST", headers, body })).status;
  };
  assert.equal(await send(), 202);

  door.stop();
  // Each process that uses Kafka has work in progress: an event, a change to publish, a question for the lag.
  const sent = send();
  await catalog.createKey({ name: "other", kind: "ingest", package_ids: [packageId] });
  const asked = fetch(`${urls.query}/v1/telemetry/batches/${randomUUID()}`, { headers });
  await untilEqual(async () => door.waiting() >= 4, true);

  const ended = await Promise.all(serviceNames.map(async (name) => [name, await endOf(name)]));
  assert.deepEqual(Object.fromEntries(ended), Object.fromEntries(serviceNames.map((name) => [name, "0"])));
  assert.deepEqual([await sent, (await asked).status], [503, 503]);

  async function endOf(name: ServiceName): Promise<string> {
    const late = new AbortController();
    const { signal } = late;
    const tooLate = delay(graceMs, `not within ${graceMs} ms`, { signal }).catch(() => "");
    const how = await Promise.race([platform.end(name), tooLate]);
    late.abort();
    return how;
  }
});
