import assert from "node:assert/strict";
import { totpCode } from "@mosis/devstack";
import { execute, type Pool, sql } from "@mosis/postgres";
import type { FactorEnrolled, TotpSecret } from "@mosis/types/second-factors";
import type { SecondFactorNeeded, SessionWithToken } from "@mosis/types/sessions";
import { type Caller, startCatalog } from "./support.ts";

type Account = { email: string; password: string };

/** Enrols an authenticator app, and gives what its owner keeps. */
export async function enrolTotp(caller: Caller) {
  const begun = await caller.post("/v1/developers/me/totp").expect(201);
  const { secret } = begun.body as TotpSecret;
  const code = totpCode(secret);
  const confirmed = await caller.post("/v1/developers/me/totp:confirm", { code });
  assert.equal(confirmed.status, 200, confirmed.text);
  // The code is used up by that.
  return { secret, code, recoveryCodes: (confirmed.body as FactorEnrolled).recovery_codes };
}

/** The half of a sign-in that a password is enough for. */
export async function firstHalf(anyone: Caller, { email, password }: Account): Promise<SecondFactorNeeded> {
  const { body } = await anyone.post("/v1/sessions", { email, password }).expect(202);
  return body as SecondFactorNeeded;
}

/** As if time had passed: codes that were taken are taken once more. */
export function forgetCodes(db: Pool) {
  return execute(db, sql`update totps set last_step = 0`);
}

/** A catalog, with signing in by both halves. */
export async function startWithFactors(...asked: Parameters<typeof startCatalog>) {
  const catalog = await startCatalog(...asked);
  const { anyone, withBearer } = catalog;
  const complete = async (account: Account, factor: object) => {
    const { sign_in_token } = await firstHalf(anyone, account);
    return anyone.post("/v1/sessions:complete", { sign_in_token, ...factor });
  };
  return {
    ...catalog,
    complete,
    signIn: async (account: Account, factor: object) => {
      const answer = await complete(account, factor);
      assert.equal(answer.status, 201, answer.text);
      const { token } = answer.body as SessionWithToken;
      return { ...withBearer(token), token };
    },
  };
}
