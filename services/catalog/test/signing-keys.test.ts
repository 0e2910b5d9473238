import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import { type SigningKey, signingKeyProofText } from "@mosis/types/signing-keys";
import { fingerprintOf, newSigningKey, register, signWith } from "./signing.ts";
import { assertProblem, auditTrail, startCatalog, withoutRequest } from "./support.ts";

const keys = "/v1/signing-keys";
const lost = { reason: "The laptop was lost" };

const statusesOf = (answers: { status: number }[]) =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

test("a registered key is as later answers show it, with the fingerprint of its DER", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const kinds = [
    { algorithm: "ed25519", privateKey: generateKeyPairSync("ed25519").privateKey },
    { algorithm: "ecdsa_p256", privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey },
    { algorithm: "rsa", privateKey: generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey },
  ];
  const made: SigningKey[] = [];
  for (const { algorithm, privateKey } of kinds) {
    const { body } = newSigningKey(ada.id, privateKey);
    const answer = await ada.post(keys, body).expect(201);
    const key = answer.body as SigningKey;
    const { id, created_at, ...rest } = key;
    const { name, public_key } = body;
    const active = { is_active: true, revoked_at: null, revoke_reason: null, allowed_actions: ["revoke"] };
    assert.deepEqual(rest, {
      name,
      public_key,
      algorithm,
      ...active,
      fingerprint: fingerprintOf(privateKey),
    });
    const read = await ada.get(`${keys}/${id.toUpperCase()}`).expect(200);
    assert.deepEqual(read.body, key);
    assert.equal(read.headers["etag"], answer.headers["etag"]);
    assert.equal(answer.headers["location"], `${keys}/${id}`);
    assert.ok(created_at);
    made.unshift(key);
  }
  const list = await ada.get(keys).expect(200);
  assert.deepEqual(list.body, { data: made, page: { next_cursor: null, has_more: false } });
  const events = (await auditTrail(db)).filter(({ action }) => action === "signing_key.created");
  assert.deepEqual(
    events.map(({ target_id, payload, actor }) => [target_id, payload["fingerprint"], actor.kind]),
    made.toReversed().map(({ id, fingerprint }) => [id, fingerprint, "session"]),
  );
});

// INVARIANT 35
test("nobody registers a key without its private half, or with the proof of somebody else", async (t) => {
  const { as } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const key = newSigningKey(ada.id);
  const text = signingKeyProofText(ada.id, fingerprintOf(key.privateKey));
  const other = generateKeyPairSync("ed25519").privateKey;
  const digest = createHash("sha256").update(text).digest();
  const wrong = [
    signWith(other, text),
    signWith(key.privateKey, `${text}\n`),
    signWith(key.privateKey, digest),
  ];
  for (const proof of [...wrong, "AAAA"]) {
    const body = assertProblem(await ada.post(keys, { ...key.body, proof }), "signature_invalid");
    assert.ok(body.errors?.[0]?.fix?.endsWith(text), "it says what to sign");
  }
  for (const proof of ["", "a b", "=", "A".repeat(516), `${key.body.proof}\n`]) {
    assertProblem(await ada.post(keys, { ...key.body, proof }), "invalid_request");
  }
  assertProblem(await bob.post(keys, key.body), "signature_invalid");
  // Who has the private half may: it says nothing of the other.
  await register(ada, key);
  await register(bob, newSigningKey(bob.id, key.privateKey));
});

test("of many who register one key at once, one does, and it never comes back", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const key = newSigningKey(ada.id);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ada.post(keys, key.body)));
  assert.deepEqual(statusesOf(answers), [201, ...Array.from({ length: 9 }, () => 409)]);
  const { body } = answers.find(({ status }) => status === 201) ?? assert.fail();
  const { id } = body as SigningKey;
  await ada.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*").expect(200);
  const again = assertProblem(await ada.post(keys, key.body), "signing_key_taken");
  assert.match(again.detail, /cannot be restored/);
  const created = (await auditTrail(db)).filter(({ action }) => action === "signing_key.created");
  assert.equal(created.length, 1);
});

test("a revoke is once, for good, with its reason, and by what was read", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { id, body: _, privateKey: __, ...key } = await register(ada);
  const action = `${keys}/${id}:revoke`;
  assertProblem(await ada.post(action, lost), "precondition_required");
  assertProblem(await ada.post(action, lost).set("If-Match", '"x"'), "precondition_failed");
  assertProblem(await ada.post(action, {}).set("If-Match", "*"), "invalid_request");
  assertProblem(await ada.post(action, { reason: "\0" }).set("If-Match", "*"), "invalid_request");
  const { headers } = await ada.get(`${keys}/${id}`);
  const tag = headers["etag"] as string;
  const answers = await Promise.all([1, 2, 3].map(() => ada.post(action, lost).set("If-Match", tag)));
  assert.deepEqual(statusesOf(answers), [200, 412, 412]);
  const revoked = answers.find(({ status }) => status === 200)?.body as SigningKey;
  const { revoked_at } = revoked;
  const ended = { is_active: false, revoke_reason: lost.reason, allowed_actions: [] };
  assert.deepEqual(revoked, { ...key, id, ...ended, revoked_at });
  assert.ok(revoked_at !== null);
  assert.deepEqual((await ada.get(`${keys}/${id}`)).body, revoked);
  assertProblem(await ada.post(action, lost).set("If-Match", "*"), "state_conflict");
  const [event, ...more] = (await auditTrail(db)).filter((it) => it.action === "signing_key.revoked");
  assert.deepEqual([event?.payload["revoke_reason"], more.length], [lost.reason, 0]);
});

// Guards "what is not yours answers exactly like what does not exist".
// INVARIANT 40
test("someone else's signing key is a 404, byte for byte like a missing one, and stays", async (t) => {
  const { as } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { id } = await register(ada);
  for (const ask of [
    (it: string) => bob.get(`${keys}/${it}`),
    (it: string) => bob.post(`${keys}/${it}:revoke`, lost).set("If-Match", "*"),
  ]) {
    const missing = withoutRequest(await ask(randomUUID()).expect(404));
    assert.deepEqual(withoutRequest(await ask(id).expect(404)), missing);
    assert.deepEqual(withoutRequest(await ask("no-uuid").expect(404)), missing);
  }
  assert.deepEqual((await bob.get(keys)).body, { data: [], page: { next_cursor: null, has_more: false } });
  assert.equal(((await ada.get(`${keys}/${id}`)).body as SigningKey).is_active, true);
});

// A key that leaks from a build server should not be enough to publish what its finder has signed.
test("a key registers and revokes signing keys with the permission for it, and for every app", async (t) => {
  const { as, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const { id } = await register(ada);
  const keyWith = async (asked: object) => {
    const made = await ada.post("/v1/keys", { name: "ci", kind: "management", ...asked }).expect(201);
    return withBearer((made.body as { secret: string }).secret);
  };
  const refused = [
    await keyWith({ permissions: ["signing-keys:read", "versions:write"] }),
    await keyWith({ package_ids: ["org.mosis.go"] }),
  ];
  for (const ci of refused) {
    await ci.get(keys).expect(200);
    await ci.get(`${keys}/${id}`).expect(200);
    assertProblem(await ci.post(keys, newSigningKey(ada.id).body), "permission_missing");
    assertProblem(await ci.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*"), "permission_missing");
  }
  assertProblem(await (await keyWith({ permissions: ["apps:read"] })).get(keys), "permission_missing");
  const all = await keyWith({ permissions: ["signing-keys:write"] });
  await all.post(keys, newSigningKey(ada.id).body).expect(201);
  await all.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*").expect(200);
});

test("a developer has so many active signing keys, and so many in all", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { id } = await register(ada);
  const fill = (active: boolean, count: number) =>
    execute(
      db,
      sql`
        insert into signing_keys (developer_id, name, public_key, fingerprint, is_active)
        select ${ada.id}, 'old', 'old', 'old-' || ${String(active)} || n, ${active}
        from generate_series(1, ${count}::int) n`,
    );
  await fill(true, 18);
  const both = await Promise.all([1, 2].map(() => ada.post(keys, newSigningKey(ada.id).body)));
  assert.deepEqual(statusesOf(both), [201, 409]);
  await ada.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*").expect(200);
  await fill(false, 480);
  assertProblem(await ada.post(keys, newSigningKey(ada.id).body), "state_conflict");
});
