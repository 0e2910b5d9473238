import { type Found, type Step, step, type Who } from "./isolation-step.ts";

/** As `signUp` of support.ts has chosen it. */
export function passwordOf(who: Who): string {
  return `the password of ${who}`;
}

/** What somebody does with an account, short of deleting it. Everybody does it with their own. */
export function accountSteps(found: Found): Step[] {
  const credentials = { email: "new@mosis.test", password: "the password of new" };
  return [
    step("createDeveloper", 201, { once: true, body: () => ({ ...credentials, name: "New" }) }),
    step("createSession", 201, { once: true, body: () => credentials }),
    step("getMe", 200),
    step("changeMe", 200, { body: () => ({ name: "Renamed" }) }),
    // The newest of the owner's: not the one that these requests are sent with.
    step("listSessions", 200, { keep: found.keep("session") }),
    step("revokeSession", 204, { params: found.one("session") }),
    step("revokeOtherSessions", 200),
    step("reauthenticateSession", 200, { body: (who) => ({ password: passwordOf(who) }) }),
    // Everybody here has confirmed the address.
    step("sendVerification", 409),
    step("verifyEmail", 422, { body: () => ({ token: "none" }) }),
    step("changeEmail", 202, {
      body: (who) => ({ email: `${who}@moved.test`, password: passwordOf(who) }),
    }),
    step("changePassword", 204, {
      body: (who) => ({ password: passwordOf(who), new_password: passwordOf(who) }),
    }),
    step("requestPasswordReset", 202, { once: true, body: () => ({ email: "owner@mosis.test" }) }),
    step("resetPassword", 422, { body: () => ({ token: "none", new_password: "another password" }) }),
    ...oauthSteps(),
    ...secondFactorSteps(),
  ];
}

/** Everybody has none, and nobody gets one by guessing. */
function secondFactorSteps(): Step[] {
  const path = { id: "00000000-0000-4000-8000-000000000000" };
  const bytes = "AAAA";
  const credential = { id: bytes, rawId: bytes, type: "public-key" };
  const made = { clientDataJSON: bytes, attestationObject: bytes };
  return [
    step("getSecondFactors", 200),
    step("beginTotp", 201),
    step("confirmTotp", 422, { body: () => ({ code: "000000" }) }),
    step("deleteTotp", 404),
    step("replaceRecoveryCodes", 409),
    step("beginPasskey", 201),
    step("createPasskey", 422, {
      body: () => ({ name: "k", credential: { ...credential, response: made } }),
    }),
    step("listPasskeys", 200),
    step("renamePasskey", 404, { params: path, body: () => ({ name: "k" }) }),
    step("deletePasskey", 404, { params: path }),
    step("beginPasskeySignIn", 201, { body: () => ({}) }),
    step("completeReauthentication", 422, { body: () => ({ sign_in_token: "none", totp_code: "000000" }) }),
    step("completeSession", 422, { body: () => ({ sign_in_token: "none", totp_code: "000000" }) }),
  ];
}

/** There is no provider here, so that nobody gets anywhere. */
function oauthSteps(): Step[] {
  const params = { provider: "none" };
  const page = () => ({ redirect_uri: "https://portal.mosis.test/signed-in" });
  const end = () => ({ flow_token: "none", callback: "?code=none" });
  return [
    step("listOauthProviders", 200),
    step("beginOauthSignIn", 404, { params, body: page }),
    step("finishOauthSignIn", 422, { params, body: end }),
    step("beginOauthLink", 404, { params, body: page }),
    step("linkOauth", 422, { params, body: end, others: { other: 422, reviewer: 422 } }),
    step("unlinkOauth", 404, { params }),
  ];
}
