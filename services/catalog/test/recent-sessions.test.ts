// What a stolen session must not be enough for, and what its owner is told of.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { Webhook } from "@mosis/types/webhooks";
import type { Response } from "supertest";
import Type from "typebox";
import { changeKey, createKey, rotateKey } from "./keys-support.ts";
import { newSigningKey } from "./signing.ts";
import { assertProblem, auditTrail, startCatalog } from "./support.ts";

const url = "https://ci.example.org/hooks";
const webhook = { url, event_types: ["version.*"] };
const Mail = Type.Object({
  kind: Type.String(),
  recipient: Type.String(),
  subjects: Type.Array(Type.String()),
});

async function start(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  /** As if she had signed in long ago. */
  const grow = () =>
    execute(
      catalog.db,
      sql`
    update sessions set created_at = created_at - interval '11 minutes',
                        reauthenticated_at = reauthenticated_at - interval '11 minutes'`,
    );
  const notices = async () => {
    const mails = await many(
      catalog.db,
      Mail,
      sql`
        select kind, recipient, subjects from mails where kind <> 'email_verification'
        order by created_at, id`,
    );
    await execute(catalog.db, sql`delete from mails`);
    return mails;
  };
  return { ...catalog, ada, grow, notices };
}

// Guards the invariant "a stolen session makes nothing that outlives it" (INVARIANTS.md).
test("a session of before makes nothing that outlives it, until it is proved again", async (t) => {
  const { ada, grow, db } = await start(t);
  const { id } = await createKey(ada);
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  await changeKey(ada, id, { disabled: true, permissions: ["apps:read"] }).expect(200);
  await grow();
  const signing = newSigningKey(ada.id).body;
  const refused: (() => PromiseLike<Response>)[] = [
    () => ada.post("/v1/keys", { name: "thief", kind: "management" }),
    () => rotateKey(ada, id),
    () => changeKey(ada, id, { disabled: false }),
    () => ada.post(`/v1/keys/${id}:confirm`),
    () => ada.post("/v1/webhooks", webhook),
    () => ada.patch(`/v1/webhooks/${hook.id}`, { url: "https://thief.example/" }).set("If-Match", "*"),
    () => ada.post(`/v1/webhooks/${hook.id}:rotate-secret`).set("If-Match", "*"),
    () => ada.post(`/v1/webhooks/${hook.id}:confirm`),
    () => ada.post("/v1/signing-keys", signing),
  ];
  const before = (await auditTrail(db)).length;
  for (const send of refused) {
    assert.match(assertProblem(await send(), "confirmation_required").detail, /:reauthenticate/);
  }
  assert.equal((await auditTrail(db)).length, before);
  // What opens nothing, or closes something, needs no proof.
  await createKey(ada, { kind: "ingest" });
  await changeKey(ada, id, { name: "renamed" }).expect(200);
  await ada.patch(`/v1/webhooks/${hook.id}`, { disabled: true }).set("If-Match", "*").expect(200);

  const path = "/v1/sessions:reauthenticate";
  assertProblem(await ada.post(path, { password: "a thief's guess" }), "confirmation_required");
  const proved = await ada.post(path, { password: ada.password }).expect(200);
  const { recent_until } = proved.body as { recent_until: string };
  assert.ok(Math.abs(Date.parse(recent_until) - Date.now() - 600_000) < 60_000);
  for (const send of refused) assert.ok((await send()).status < 300);
  await grow();
  assertProblem((await refused[0]?.()) ?? assert.fail(), "confirmation_required");
});

test("a management key makes keys as its permissions say: a pipeline has nobody to ask", async (t) => {
  const { ada, grow, withBearer } = await start(t);
  const { secret } = await createKey(ada);
  await grow();
  await createKey(withBearer(secret));
});

test("the owner is mailed of each management key, webhook and signing key", async (t) => {
  const { ada, notices } = await start(t);
  await notices();
  const { email: recipient } = ada;
  const key = await createKey(ada);
  await createKey(ada, { kind: "ingest" });
  assert.deepEqual(await notices(), [{ kind: "key_issued", recipient, subjects: [key.key_prefix] }]);
  const rotated = await rotateKey(ada, key.id).expect(200);
  const { key_prefix } = rotated.body as { key_prefix: string };
  assert.deepEqual(await notices(), [{ kind: "key_issued", recipient, subjects: [key_prefix] }]);
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  assert.deepEqual(await notices(), [{ kind: "webhook_issued", recipient, subjects: [hook.id] }]);
  await ada
    .patch(`/v1/webhooks/${hook.id}`, { url: `${url}/2` })
    .set("If-Match", "*")
    .expect(200);
  assert.deepEqual(await notices(), [{ kind: "webhook_issued", recipient, subjects: [hook.id] }]);
  await ada.post("/v1/signing-keys", newSigningKey(ada.id).body).expect(201);
  assert.deepEqual(
    (await notices()).map(({ kind }) => kind),
    ["signing_key_added"],
  );
});
