import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { operationsOf, totpCode } from "@mosis/devstack";
import { many, sql } from "@mosis/postgres";
import type { SecondFactorNeeded, SessionWithToken } from "@mosis/types/sessions";
import Type from "typebox";
import { grantRole } from "../src/admin/changes.ts";
import { catalogDocument } from "../src/openapi.ts";
import { enrolTotp, firstHalf, forgetCodes, startWithFactors } from "./enrolling.ts";
import { startWithMailbox } from "./mailbox.ts";
import { startProvider } from "./provider.ts";
import { createAuthenticator } from "./software-authenticator.ts";
import { assertProblem, auditTrail, type Caller, eventually, startCatalog } from "./support.ts";

const run = promisify(execFile);

// Guards the invariant "a role's powers need a second factor" (INVARIANTS.md): every route of the document.
// INVARIANT 45
test("a reviewer or an admin without a second factor does nothing but account matters", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, rita, root] = [await as("ada"), await as("rita"), await as("root")];
  await ada.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }).expect(201);
  await grantRole(db, { role: "reviewer", email: rita.email });
  await grantRole(db, { role: "admin", email: root.email });
  for (const { method, path, operation } of operationsOf(catalogDocument)) {
    // What ends the session that asks is not asked for.
    if (operation.security.length === 0 || /^\/v1\/(developers\/me|sessions)/.test(path)) continue;
    for (const caller of [rita, root]) {
      const send = method.toLowerCase() as keyof Caller;
      const target = path.replace("{package_id}", "org.mosis.chess").replaceAll(/\{\w+\}/g, "1");
      const answer = await caller[send](target, {}).set("If-Match", "*");
      assertProblem(answer, "second_factor_required");
    }
  }
  // To spell a path otherwise is no way around, and enrolling stays open.
  assertProblem(await rita.get("/V1/apps"), "not_found");
  for (const path of ["second-factors", "passkeys"]) await rita.get(`/v1/developers/me/${path}`).expect(200);
  await root.post("/v1/developers/me/totp").expect(201);
});

// INVARIANT 45
test("an admin's powers come with the factor, and go with it", async (t) => {
  const { as, db, anyone, withBearer, signIn } = await startWithFactors(t);
  const [ada, root] = [await as("ada"), await as("root")];
  await ada.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }).expect(201);
  await grantRole(db, { role: "admin", email: root.email });
  const limits = "/v1/apps/org.mosis.chess/telemetry-limits";
  const raise = (by: Caller) =>
    by.patch(limits, { telemetry_events_per_second: 90_000 }).set("If-Match", "*");
  const refused = assertProblem(await raise(root), "second_factor_required");
  assert.match(refused.detail, /admin.*totp/);

  const { secret } = await enrolTotp(root);
  await raise(root).expect(200);
  await forgetCodes(db);
  const again = await signIn(root, { totp_code: totpCode(secret) });
  await raise(again).expect(200);
  await again.delete("/v1/developers/me/totp").expect(204);
  for (const session of [again, root]) assertProblem(await raise(session), "second_factor_required");
  const { email, password } = root;
  const { body } = await anyone.post("/v1/sessions", { email, password }).expect(201);
  assertProblem(await raise(withBearer((body as SessionWithToken).token)), "second_factor_required");
});

// Guards "a mailbox is not a second factor".
// INVARIANT 46
test("whoever resets the password still needs the second factor, and a waiting sign-in ends", async (t) => {
  const { as, anyone, mailbox } = await startWithMailbox(t);
  const ada = await as("ada");
  const { recoveryCodes } = await enrolTotp(ada);
  const waiting = await firstHalf(anyone, ada);
  await anyone.post("/v1/developers:request-password-reset", { email: ada.email }).expect(202);
  const token = await mailbox.token(ada.email, /Choose a new password/);
  const next = "a violin under the stairs";
  await anyone.post("/v1/developers:reset-password", { token, new_password: next }).expect(204);

  const { sign_in_token, second_factors } = await firstHalf(anyone, { email: ada.email, password: next });
  assert.deepEqual(second_factors, ["totp", "recovery_code"]);
  const complete = (of: string) =>
    anyone.post("/v1/sessions:complete", { sign_in_token: of, recovery_code: recoveryCodes?.[0] });
  assertProblem(await complete(waiting.sign_in_token), "credentials_invalid");
  await complete(sign_in_token).expect(201);
  await mailbox.untilSome(ada.email, /second factor was added/);
  await mailbox.untilSome(ada.email, /recovery code was used/);
});

// INVARIANT 46
test("a provider is the first factor only", async (t) => {
  const people = { carol: { email: "carol@mosis.test", email_verified: true, name: "Carol" } };
  const provider = await startProvider(t, people);
  const { anyone, withBearer } = await startCatalog(t, { oidcProviders: [provider.settings] });
  const path = "/v1/oauth/example";
  const finish = async () => {
    const begun = await anyone.post(`${path}:authorize`, { redirect_uri: provider.redirectUri }).expect(201);
    const { authorization_url, flow_token } = begun.body as Record<
      "authorization_url" | "flow_token",
      string
    >;
    const callback = await provider.visit(authorization_url, "carol");
    return anyone.post(`${path}:finish`, { flow_token, callback });
  };
  const first = await finish();
  assert.equal(first.status, 201, first.text);
  const { recoveryCodes } = await enrolTotp(withBearer((first.body as SessionWithToken).token));
  const second = await finish();
  assert.equal(second.status, 202, second.text);
  const { sign_in_token } = second.body as SecondFactorNeeded;
  const code = { sign_in_token, recovery_code: recoveryCodes?.[0] };
  await anyone.post("/v1/sessions:complete", code).expect(201);
});

// INVARIANT 45
test("the command takes every factor of an account and ends its sessions, audited and mailed", async (t) => {
  const { as, anyone, db, databaseUrl, withBearer, mailbox } = await startWithMailbox(t);
  const ada = await as("ada");
  await enrolTotp(ada);
  const begun = await ada.post("/v1/developers/me/passkeys:options").expect(201);
  const { public_key } = begun.body as {
    public_key: Parameters<ReturnType<typeof createAuthenticator>["create"]>[0];
  };
  const credential = createAuthenticator().create(public_key);
  await ada.post("/v1/developers/me/passkeys", { name: "Laptop", credential }).expect(201);
  const waiting = await firstHalf(anyone, ada);

  await admin(databaseUrl, "reset-second-factors", ada.email.toUpperCase());
  await eventually(() => ada.get("/v1/developers/me").expect(401));
  const late = { sign_in_token: waiting.sign_in_token, totp_code: "000000" };
  assertProblem(await anyone.post("/v1/sessions:complete", late), "token_invalid");
  const { email, password } = ada;
  const { body } = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const { token } = body as SessionWithToken;
  const left = await withBearer(token).get("/v1/developers/me/second-factors").expect(200);
  assert.deepEqual(left.body, { totp: null, passkeys: 0, recovery_codes_left: 0 });
  await mailbox.untilSome(email, /second factors were reset/);
  const resets = (await auditTrail(db)).filter(({ action }) => action === "second_factors.reset");
  assert.deepEqual(
    resets.map(({ actor, payload }) => [actor, payload]),
    [
      [
        { kind: "operator", id: "" },
        { id: ada.id, factors: 2 },
      ],
    ],
  );
  await admin(databaseUrl, "reset-second-factors", email);
  await assert.rejects(admin(databaseUrl, "reset-second-factors", "nobody@mosis.test"));
  await assert.rejects(admin(databaseUrl, "reset-second-factors"));
});

test("with an account go its factors and the sign-ins that wait", async (t) => {
  const { as, anyone, db } = await startWithFactors(t);
  const ada = await as("ada");
  await enrolTotp(ada);
  await firstHalf(anyone, ada);
  await ada.post("/v1/developers/me/passkeys:options").expect(201);
  await ada.post("/v1/developers/me:delete", { password: ada.password }).expect(204);
  const Left = Type.Object({ rows: Type.Integer() });
  const left = await many(
    db,
    Left,
    sql`
      select ((select count(*) from totps) + (select count(*) from recovery_codes)
             + (select count(*) from sign_ins) + (select count(*) from passkey_challenges)
             + (select count(*) from known_devices))::int as rows`,
  );
  assert.deepEqual(left, [{ rows: 0 }]);
});

async function admin(databaseUrl: string, ...args: string[]) {
  const main = join(import.meta.dirname, "../src/main/admin.ts");
  await run(process.execPath, [main, ...args], { env: { ...process.env, DATABASE_URL: databaseUrl } });
}
