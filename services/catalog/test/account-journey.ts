import assert from "node:assert/strict";
import type { Response } from "supertest";
import type { Mailbox } from "./mailbox.ts";
import type { startProvider } from "./provider.ts";
import type { Caller } from "./support.ts";

/** Who walks through everything that an account can do. */
export interface Traveller {
  anyone: Caller;
  withBearer: (token: string) => Caller;
  mailbox: Mailbox;
  provider: Awaited<ReturnType<typeof startProvider>>;
}

export const travellers = {
  carol: { email: "carol@mosis.test", email_verified: true, name: "Carol" },
};

type Step = (operationId: string, answer: Response, status?: number) => Promise<Response>;

/**
 * From registering to deleting, with every operation once and its refusals.
 * @param step gets each answer, with the operation that gave it.
 * @returns all secrets on the way, which must be nowhere else.
 */
export async function travel(traveller: Traveller, step: Step): Promise<string[]> {
  const { anyone, withBearer, mailbox } = traveller;
  const [email, moved] = ["dora@mosis.test", "dora@moved.test"];
  const [password, second, third] = ["the first password", "the second password", "the third password"];
  const secrets = [password, second, third];
  const signIn = async (address: string, with_: string) => {
    const answer = await step(
      "createSession",
      await anyone.post("/v1/sessions", { email: address, password: with_ }),
    );
    const { token } = answer.body as { token: string };
    secrets.push(token);
    return withBearer(token);
  };
  const mailed = async (address: string, subject: RegExp, count?: number) => {
    const token = await mailbox.token(address, subject, count);
    secrets.push(token);
    return token;
  };

  await step("createDeveloper", await anyone.post("/v1/developers", { email, name: "Dora", password }));
  const dora = await signIn(email, password);
  await step("sendVerification", await dora.post("/v1/developers/me:send-verification"));
  const verification = await mailed(email, /Confirm your e-mail/, 2);
  await step("verifyEmail", await dora.post("/v1/developers:verify-email", { token: verification }));
  await step("verifyEmail", await anyone.post("/v1/developers:verify-email", { token: verification }), 422);
  await step("sendVerification", await dora.post("/v1/developers/me:send-verification"), 409);
  await step("changeMe", await dora.patch("/v1/developers/me", { name: "D" }).set("If-Match", "*"));
  await step("changeMe", await dora.patch("/v1/developers/me", { name: "D" }), 428);

  await step("changeEmail", await dora.post("/v1/developers/me:change-email", { email: moved }), 403);
  await step("changeEmail", await dora.post("/v1/developers/me:change-email", { email: moved, password }));
  const change = await mailed(moved, /Confirm your new/);
  await step("verifyEmail", await anyone.post("/v1/developers:verify-email", { token: change }), 403);
  await step("verifyEmail", await dora.post("/v1/developers:verify-email", { token: change }));

  const passwords = { password, new_password: second };
  await step("changePassword", await dora.post("/v1/developers/me:change-password", passwords));
  await step("changePassword", await dora.post("/v1/developers/me:change-password", passwords), 403);
  await step(
    "requestPasswordReset",
    await anyone.post("/v1/developers:request-password-reset", { email: moved }),
  );
  const token = await mailed(moved, /Choose a new password/);
  const reset = { token, new_password: third };
  await step("resetPassword", await anyone.post("/v1/developers:reset-password", reset));
  await step("resetPassword", await anyone.post("/v1/developers:reset-password", reset), 422);

  const again = await signIn(moved, third);
  await signIn(moved, third);
  await signIn(moved, third);
  const { body } = await step("listSessions", await again.get("/v1/sessions"));
  const [newest] = (body as { data: { id: string }[] }).data;
  await step("revokeSession", await again.delete(`/v1/sessions/${newest?.id}`));
  await step("revokeSession", await again.delete(`/v1/sessions/${newest?.id}`), 404);
  await step("revokeOtherSessions", await again.post("/v1/sessions:revoke-others"));

  await travelOut(traveller, step, { again, secrets, password: third });
  return secrets;
}

async function travelOut(
  { anyone, withBearer, provider }: Traveller,
  step: Step,
  { again, secrets, password }: { again: Caller; secrets: string[]; password: string },
): Promise<void> {
  const { redirectUri: redirect_uri, visit } = provider;
  const begin = async (id: string, caller: Caller, path: string) => {
    const { body } = await step(id, await caller.post(`${path}:authorize`, { redirect_uri }));
    const { authorization_url, flow_token } = body as Record<"authorization_url" | "flow_token", string>;
    const callback = await visit(authorization_url, "carol");
    secrets.push(flow_token, new URLSearchParams(callback).get("code") ?? assert.fail());
    return { flow_token, callback };
  };
  await step("reauthenticateSession", await again.post("/v1/sessions:reauthenticate", { password }));
  await step("listOauthProviders", await anyone.get("/v1/oauth"));
  const path = "/v1/oauth/example";
  const flow = await begin("beginOauthSignIn", anyone, path);
  const signedIn = await step("finishOauthSignIn", await anyone.post(`${path}:finish`, flow));
  await step("finishOauthSignIn", await anyone.post(`${path}:finish`, flow), 422);
  const { token } = signedIn.body as { token: string };
  secrets.push(token);
  const carol = withBearer(token);
  await step("unlinkOauth", await carol.delete("/v1/developers/me/oauth/example"), 409);
  await step("deleteAccount", await carol.post("/v1/developers/me:delete", {}));

  const own = "/v1/developers/me/oauth/example";
  const linking = await begin("beginOauthLink", again, own);
  await step("linkOauth", await again.put(own, linking));
  await step("unlinkOauth", await again.delete(own));
  await step("deleteAccount", await again.post("/v1/developers/me:delete", {}), 403);
  await step("deleteAccount", await again.post("/v1/developers/me:delete", { password }));
}
