// What is done at the same time as something else is revoked, deleted or changed.
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { execute, many, one, type Pool, sql, transaction } from "@mosis/postgres";
import Type from "typebox";
import { changeKey, createKey, lastState, startKeys } from "./keys-support.ts";
import { untilWaiting } from "./locks.ts";
import { assertProblem, eventually, startCatalog } from "./support.ts";

// Guards "a revoked key stops working everywhere": the last state that is published of it is its own.
// INVARIANT 41
test("a key that is disabled while one of its apps is deleted stays disabled", async (t) => {
  const { ada, db } = await startKeys(t);
  const apps = ["org.mosis.go", "org.mosis.chess"];
  for (const id of apps) await ada.post("/v1/apps", { package_id: id, name: id }).expect(201);
  const { id } = await createKey(ada, { kind: "ingest", package_ids: apps });
  const deletion = await transaction(db, async (tx) => {
    await execute(tx, sql`update api_keys set disabled = true where id = ${id}`);
    // Sent here, and answered after the commit.
    const sent = ada
      .delete(`/v1/apps/${apps[0]}`)
      .set("If-Match", "*")
      .then((it) => it);
    await untilWaiting(tx, 1);
    return { sent };
  });
  assert.equal((await deletion.sent).status, 204);
  assert.equal(await lastState(db, id), null);
});

/** Sends the head of a request, and its body when it is told to. */
function sendInTwo(url: string, secret: string, body: string) {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sending = request(`${url}/v1/keys`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${secret}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    },
  });
  sending.once("error", reject);
  sending.once("response", (response) => resolve(response.resume().statusCode ?? 0));
  sending.flushHeaders();
  return { answered: promise, finish: () => void sending.end(body) };
}

const Used = Type.Object({ used: Type.Boolean() });

async function untilUsed(db: Pool, id: string): Promise<void> {
  const statement = sql`select last_used_at is not null as used from api_keys where id = ${id}`;
  await eventually(async () => assert.ok((await one(db, Used, statement)).used));
}

// Guards "a revoked key stops working everywhere": also what it began before.
// INVARIANT 41
test("a key that is deleted or narrowed while a body is on its way does nothing with it", async (t) => {
  const { ada, db, url } = await startKeys(t);
  const body = JSON.stringify({ name: "later", kind: "management" });
  const ends = [
    async (id: string) => void (await ada.delete(`/v1/keys/${id}`).expect(204)),
    async (id: string) => void (await changeKey(ada, id, { permissions: ["keys:read"] }).expect(200)),
    async () => {},
  ];
  const statuses: number[] = [];
  for (const end of ends) {
    const { id, secret } = await createKey(ada);
    const held = sendInTwo(url, secret, body);
    await untilUsed(db, id);
    await end(id);
    held.finish();
    statuses.push(await held.answered);
  }
  assert.deepEqual(statuses, [401, 401, 201]);
});

// Guards "a new password ends what was opened with the old one".
// INVARIANT 46
test("another address that is asked for with a password of before is not confirmed", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { password } = ada;
  const path = "/v1/developers/me:change-email";
  const Mails = Type.Object({ kind: Type.String() });
  const mails = () => many(db, Mails, sql`select kind from mails where kind = 'email_change'`);

  await ada.post(path, { email: "other@mosis.test", password }).expect(202);
  assert.equal((await mails()).length, 1);
  const change = { password, new_password: "another correct horse" };
  await ada.post("/v1/developers/me:change-password", change).expect(204);
  assert.deepEqual(await mails(), []);

  const asked = await transaction(db, async (tx) => {
    await execute(tx, sql`update developers set password_hash = 'x' where id = ${ada.id}`);
    const sent = ada
      .post(path, { email: "other@mosis.test", password: change.new_password })
      .then((it) => it);
    await untilWaiting(tx, 1);
    return { sent };
  });
  assertProblem(await asked.sent, "confirmation_required");
  assert.deepEqual(await mails(), []);
});
