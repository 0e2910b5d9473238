import assert from "node:assert/strict";
import { test } from "node:test";
import { registerApp, startPlatform, untilEqual } from "./platform.ts";

// Guards the invariant "a revoked or expired key stops working within 5 s everywhere" (INVARIANTS.md).
test("a deleted key stops working within 5 s, and an expired one by itself", async (t) => {
  const platform = await startPlatform(t);
  const { catalog, packageId, ingestKey, ingestKeyId } = await registerApp(platform);
  const statusOf = async (key: string) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = JSON.stringify({ batch_id: crypto.randomUUID(), events: [] });
    const answer = await fetch(`${platform.urls.ingest}/v1/telemetry/batches`, {
      method: "POST",
      headers,
      body,
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  assert.equal(await statusOf(ingestKey), 202);
  await catalog.deleteKey(ingestKeyId);
  await untilEqual(() => statusOf(ingestKey), 401, { timeoutMs: 5_000 });

  const expires_at = new Date(Date.now() + 2_000).toISOString();
  const passing = await catalog.createKey({
    name: "passing",
    kind: "ingest",
    package_ids: [packageId],
    expires_at,
  });
  await untilEqual(() => statusOf(passing.secret), 202, { timeoutMs: 1_900 });
  await untilEqual(() => statusOf(passing.secret), 401, { timeoutMs: 5_000 });
});
