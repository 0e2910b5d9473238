import assert from "node:assert/strict";
import { test } from "node:test";
import { type Catalog, createCatalog } from "@mosis/client";
import { registerApp, startPlatform, untilEqual } from "./platform.ts";

// Guards the invariant "a deleted, disabled, rotated, narrowed or expired key stops working everywhere within
// 5 s" (INVARIANTS.md).
// INVARIANT 41
test("a key that is deleted, disabled, rotated, narrowed or over stops working within 5 s", async (t) => {
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
  const becomes = (key: string, status: number) =>
    untilEqual(() => statusOf(key), status, { timeoutMs: 5_000 });
  const newKey = (name: string, further = {}) =>
    catalog.createKey({ name, kind: "ingest", package_ids: [packageId], ...further });

  assert.equal(await statusOf(ingestKey), 202);
  await catalog.deleteKey(ingestKeyId);
  await becomes(ingestKey, 401);

  const disabled = await newKey("disabled");
  await becomes(disabled.secret, 202);
  await catalog.changeKey(disabled.id, { disabled: true });
  await becomes(disabled.secret, 401);
  await catalog.changeKey(disabled.id, { disabled: false });
  await becomes(disabled.secret, 202);

  const narrowed = await newKey("narrowed");
  await becomes(narrowed.secret, 202);
  await catalog.changeKey(narrowed.id, { cidrs: ["192.0.2.0/24"] });
  await becomes(narrowed.secret, 403);
  await catalog.changeKey(narrowed.id, { cidrs: ["127.0.0.0/8"] });
  await becomes(narrowed.secret, 202);

  const rotated = await newKey("rotated");
  await becomes(rotated.secret, 202);
  const { secret } = await catalog.rotateKey(rotated.id, { grace_seconds: 3 });
  await becomes(secret, 202);
  assert.equal(await statusOf(rotated.secret), 202, "its grace has not ended");
  await becomes(rotated.secret, 401);
  assert.equal(await statusOf(secret), 202);

  const passing = await newKey("passing", { expires_at: new Date(Date.now() + 2_000).toISOString() });
  await untilEqual(() => statusOf(passing.secret), 202, { timeoutMs: 1_900 });
  await becomes(passing.secret, 401);

  const { secret: token, id: makerId } = await catalog.createKey({ name: "ci", kind: "management" });
  const maker = createCatalog({ endpoint: platform.urls.catalog, token });
  const made = await maker.createKey({ name: "made", kind: "ingest", package_ids: [packageId] });
  await goesWithMaker(catalog, makerId, (status) => becomes(made.secret, status));

  // A developer who reads a key before deleting it sees that an app still uses it.
  const isUsed = async () => (await catalog.key(rotated.id)).last_used_at !== null;
  await untilEqual(isUsed, true, { timeoutMs: 20_000 });
});

async function goesWithMaker(
  catalog: Catalog,
  makerId: string,
  becomes: (status: number) => Promise<unknown>,
): Promise<void> {
  await becomes(202);
  await catalog.changeKey(makerId, { disabled: true });
  await becomes(401);
  await catalog.changeKey(makerId, { disabled: false });
  await becomes(202);
  await catalog.deleteKey(makerId);
  await becomes(401);
}
