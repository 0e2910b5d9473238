import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { Erasure } from "@mosis/types/erasures";
import { registerApp, startPlatform, untilEqual } from "./platform.ts";

// INVARIANT 18
test("an install is erased through the front door while its events are on their way", async (t) => {
  const platform = await startPlatform(t);
  const { urls } = platform;
  const { catalog, packageId, appId, ingestKey } = await registerApp(platform);
  const key = await catalog.createKey({ name: "ci", kind: "management", permissions: ["telemetry:erase"] });
  const [erased, other] = [randomUUID(), randomUUID()];
  const send = async (install_id: string) => {
    const events = [{ event_id: randomUUID(), name: "seen", time: Date.now() }];
    const body = JSON.stringify({ batch_id: randomUUID(), events, context: { install_id } });
    const headers = { authorization: `Bearer ${ingestKey}`, "content-type": "application/json" };
    const answer = await fetch(`${urls.ingest}/v1/telemetry/batches`, { method: "POST", headers, body });
    assert.equal(answer.status, 202);
  };
  // Events are counted instead of rows: an event that was stored while the writer was killed is stored again,
  // and shown once.
  const stored = async (where: string) => {
    const query = `select toString(uniqExact(event_key)) as n from events_raw where ${where}`;
    return (await platform.sql<{ n: string }>(query))[0]?.n;
  };
  await send(erased);
  await send(other);
  await untilEqual(() => stored(`app_id = '${appId}'`), "2");
  // Events that are acknowledged now are not stored before the erasure is requested.
  await platform.kill("writer");
  await send(erased);

  const authorization = `Bearer ${key.secret}`;
  const asked = await fetch(`${urls.catalog}/v1/apps/${packageId}/erasures`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ install_id: erased }),
  });
  assert.equal(asked.status, 202);
  const location = asked.headers.get("location") as string;
  const read = async () => {
    const answer = await fetch(`${urls.query}${location}`, { headers: { authorization } });
    return (await answer.json()) as Partial<Erasure>;
  };
  await untilEqual(async () => (await read()).state, "requested");
  await platform.start("writer");
  await untilEqual(async () => (await read()).state, "erased");
  const { events_erased, remaining } = await read();
  assert.deepEqual({ events_erased, remaining }, { events_erased: 2, remaining: 0 });
  assert.equal(await stored(`install_id = '${erased}'`), "0");
  assert.equal(await stored(`install_id = '${other}'`), "1");
});
