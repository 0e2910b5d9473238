import assert from "node:assert/strict";
import { test } from "node:test";
import { many, one, sql } from "@mosis/postgres";
import type { SecondFactors } from "@mosis/types/second-factors";
import Type from "typebox";
import { enrolTotp, firstHalf, startWithFactors } from "./enrolling.ts";
import { assertProblem, auditTrail, everythingStored } from "./support.ts";

test("a recovery code signs in once, and new ones take the place of all others", async (t) => {
  const { as, signIn, complete, db } = await startWithFactors(t);
  const ada = await as("ada");
  const { recoveryCodes } = await enrolTotp(ada);
  const [first = "", second = ""] = recoveryCodes ?? [];
  assert.equal(recoveryCodes?.length, 10);
  const session = await signIn(ada, { recovery_code: ` ${first.toUpperCase().replaceAll("-", " ")} ` });
  assertProblem(await complete(ada, { recovery_code: first }), "credentials_invalid");
  const shown = await session.get("/v1/developers/me/second-factors").expect(200);
  assert.equal((shown.body as SecondFactors).recovery_codes_left, 9);

  const { body } = await session.post("/v1/developers/me/recovery-codes").expect(201);
  const { recovery_codes } = body as { recovery_codes: string[] };
  assert.equal(new Set([...recovery_codes, ...(recoveryCodes ?? [])]).size, 20);
  assertProblem(await complete(ada, { recovery_code: second }), "credentials_invalid");
  await signIn(ada, { recovery_code: recovery_codes[9] });
  const mails = await many(
    db,
    Type.Object({ kind: Type.String() }),
    sql`select distinct kind from mails where kind like 'recovery%' order by kind`,
  );
  assert.deepEqual(
    mails.map(({ kind }) => kind),
    ["recovery_code_used", "recovery_codes_replaced"],
  );
  const trail = await auditTrail(db);
  const used = trail.filter(({ action }) => action === "recovery_code.used");
  assert.deepEqual(
    used.map(({ payload }) => payload["recovery_codes_left"]),
    [9, 9],
  );
});

// Guards the invariant "secrets, tokens and passwords are stored as hashes alone" (INVARIANTS.md).
test("no secret, code or token of a second factor is in a table", async (t) => {
  const { as, anyone, db } = await startWithFactors(t);
  const ada = await as("ada");
  const { secret, recoveryCodes } = await enrolTotp(ada);
  const { sign_in_token } = await firstHalf(anyone, ada);
  const stored = await everythingStored(db);
  for (const told of [secret, sign_in_token, ...(recoveryCodes ?? [])]) {
    assert.ok(!stored.includes(told) && !stored.includes(told.replaceAll("-", "")), told);
  }
  const { sealed } = await one(
    db,
    Type.Object({ sealed: Type.Unsafe<Buffer>({}) }),
    sql`select secret as sealed from totps`,
  );
  assert.ok(!sealed.includes(secret));
});
