import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { Passkey, PasskeyEnrolled } from "@mosis/types/passkeys";
import Type from "typebox";
import { startWithFactors } from "./enrolling.ts";
import { listed, optionsFor, path, register, signInWith } from "./passkey-steps.ts";
import { createAuthenticator, type Lies } from "./software-authenticator.ts";
import { assertProblem, auditTrail, withoutRequest } from "./support.ts";

test("a passkey is registered for its session, its challenge and one account", async (t) => {
  const { as, anyone, withBearer, signIn, db } = await startWithFactors(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const lies: Lies[] = [
    { origin: "https://evil.test" },
    { rpId: "evil.test" },
    { type: "webauthn.get" },
    { crossOrigin: true },
    { challenge: "AAAA" },
    { isPresent: false },
    { id: "AAAA" },
  ];
  for (const lie of lies) {
    const credential = createAuthenticator().create(await optionsFor(ada), lie);
    assertProblem(await ada.post(path, { name: "k", credential }), "token_invalid");
  }
  const authenticator = createAuthenticator();
  const options = await optionsFor(ada);
  const { email, password } = ada;
  const another = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const elsewhere = withBearer((another.body as { token: string }).token);
  const body = { name: "Laptop", credential: authenticator.create(options) };
  assertProblem(await elsewhere.post(path, body), "token_invalid");
  assertProblem(await bob.post(path, body), "token_invalid");
  const { body: made } = await ada.post(path, body).expect(201);
  assertProblem(await ada.post(path, body), "token_invalid");
  assert.equal((await optionsFor(ada)).excludeCredentials[0]?.id, authenticator.id);
  // The credential of somebody else, whom its browser would sign in then.
  const stolen = { name: "Mine", credential: authenticator.create(await optionsFor(bob)) };
  assertProblem(await bob.post(path, stolen), "state_conflict");

  await execute(
    db,
    sql`
      update sessions
      set created_at = now() - interval '11 minutes', second_factor_at = now() - interval '11 minutes'`,
  );
  assertProblem(await ada.post(`${path}:options`), "confirmation_required");
  const { recovery_codes } = made as PasskeyEnrolled;
  const again = await signIn(ada, { recovery_code: recovery_codes?.[0] });
  const second = createAuthenticator({ algorithm: "EdDSA" });
  assert.equal((await register(again, second, "Phone")).recovery_codes, null);
  assert.equal((await listed(again)).length, 2);
});

test("passkeys are renamed and removed by their owner, and the last one takes the codes along", async (t) => {
  const { as, anyone, db } = await startWithFactors(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const authenticator = createAuthenticator();
  const { id } = await register(ada, authenticator);
  const missing = `${path}/00000000-0000-4000-8000-000000000000`;
  for (const foreign of [
    await bob.patch(`${path}/${id}`, { name: "Mine" }),
    await bob.delete(`${path}/${id}`),
  ]) {
    assertProblem(foreign, "not_found");
  }
  assert.deepEqual(
    withoutRequest(await bob.delete(`${path}/${id}`)),
    withoutRequest(await bob.delete(missing)),
  );
  const renamed = await ada.patch(`${path}/${id}`, { name: "Desk" }).expect(200);
  assert.equal((renamed.body as Passkey).name, "Desk");
  await ada.delete(`${path}/${id}`).expect(204);
  assertProblem(await signInWith(anyone, authenticator), "credentials_invalid");
  const { email, password } = ada;
  await anyone.post("/v1/sessions", { email, password }).expect(201);
  const left = await many(
    db,
    Type.Object({ code_hash: Type.String() }),
    sql`select code_hash from recovery_codes`,
  );
  assert.deepEqual(left, []);
  const actions = (await auditTrail(db)).map(({ action }) => action).filter((it) => it.startsWith("passkey"));
  assert.deepEqual(actions, ["passkey.created", "passkey.changed", "passkey.deleted"]);
});

test("a developer has twenty passkeys at most, and none where no page may use them", async (t) => {
  const { as, db, startAnother } = await startWithFactors(t);
  const ada = await as("ada");
  const options = await optionsFor(ada);
  await execute(
    db,
    sql`
      insert into passkeys (id, developer_id, credential_id, public_key, sign_count, transports, backed_up,
                            name)
      select gen_random_uuid(), ${ada.id}, n::text, '', 0, '{}', false, 'k' from generate_series(1, 20) n`,
  );
  await execute(db, sql`update sessions set second_factor = 'passkey', second_factor_at = now()`);
  assertProblem(await ada.post(`${path}:options`), "state_conflict");
  const credential = createAuthenticator().create(options);
  assertProblem(await ada.post(path, { name: "k", credential }), "state_conflict");
  const without = await startAnother({}, { passkeys: null });
  assertProblem(await without.anyone.post("/v1/sessions:passkey-options", {}), "state_conflict");
  assertProblem(await without.withBearer(ada.token).post(`${path}:options`), "state_conflict");
});
