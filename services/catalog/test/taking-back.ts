// An account that somebody else was in, or has registered, and its owner who takes it back.
import type { TestContext } from "node:test";
import { startWithMailbox } from "./mailbox.ts";
import { startProvider } from "./provider.ts";
import type { Caller } from "./support.ts";

const people = {
  mallory: { email: "mallory@evil.test", email_verified: true, name: "Mallory" },
  victim: { email: "victim@mosis.test", email_verified: true, name: "Victim" },
  unproved: { email: "victim@mosis.test", email_verified: false, name: "Victim" },
  text: { email: "victim@mosis.test", email_verified: "true", name: "Victim" },
};
export const victim = "victim@mosis.test";
/** The password of a stranger. */
export const chosen = "chosen by the stranger";
export const own = "/v1/developers/me/oauth/example";
export const webhook = { url: "https://stranger.example/hook", event_types: ["*"] };
export const verifyPath = "/v1/developers:verify-email";

export async function startTakingBack(t: TestContext) {
  const provider = await startProvider(t, people);
  const catalog = await startWithMailbox(t, { oidcProviders: [provider.settings] });
  const { anyone, mailbox, withBearer } = catalog;
  const { redirectUri: redirect_uri, visit } = provider;
  const signedIn = async (login: string, caller: Caller = anyone, at = "/v1/oauth/example") => {
    const { body } = await caller.post(`${at}:authorize`, { redirect_uri }).expect(201);
    const { authorization_url, flow_token } = body as Record<"authorization_url" | "flow_token", string>;
    return { flow_token, callback: await visit(authorization_url, login) };
  };
  const signIn = async (email: string, password: string) => {
    const { body } = await anyone.post("/v1/sessions", { email, password }).expect(201);
    return withBearer((body as { token: string }).token);
  };
  /** What an owner does who has lost the password. */
  const reset = async (email: string, new_password = "what the owner has chosen") => {
    await anyone.post("/v1/developers:request-password-reset", { email }).expect(202);
    const token = await mailbox.token(email, /Choose a new password/);
    await anyone.post("/v1/developers:reset-password", { token, new_password }).expect(204);
    return signIn(email, new_password);
  };
  /** Somebody registers the address of somebody else, and waits. */
  const prehijack = async () => {
    await anyone.post("/v1/developers", { email: victim, name: "Victim", password: chosen }).expect(201);
    return signIn(victim, chosen);
  };
  return { ...catalog, signedIn, signIn, reset, prehijack };
}

export const me = async (caller: Caller) =>
  (await caller.get("/v1/developers/me").expect(200)).body as Record<string, unknown>;
