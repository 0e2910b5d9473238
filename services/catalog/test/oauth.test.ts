import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { execute, sql } from "@mosis/postgres";
import type { ApiOptions } from "../src/api.ts";
import { readProviders } from "../src/sign-in/oauth/settings.ts";
import { startProvider } from "./provider.ts";
import { assertProblem, auditTrail, type Caller, startCatalog } from "./support.ts";

const people = {
  carol: { email: "carol@mosis.test", email_verified: true, name: "Carol\u0007" },
  mallory: { email: "ada@mosis.test", email_verified: true, name: "Ada" },
  eve: { email: "eve@mosis.test", email_verified: false, name: "Eve" },
  ["x".repeat(256)]: { email: "long@mosis.test", email_verified: true, name: "Long" },
  "a\0b": { email: "nul@mosis.test", email_verified: true, name: "Nul" },
};
const path = "/v1/oauth/example";
const own = "/v1/developers/me/oauth/example";

async function start(t: TestContext, options: Partial<ApiOptions> = {}) {
  const provider = await startProvider(t, people);
  const catalog = await startCatalog(t, { oidcProviders: [provider.settings], ...options });
  const { redirectUri: redirect_uri, visit } = provider;
  const begin = async (caller: Caller, at = path) => {
    const { body } = await caller.post(`${at}:authorize`, { redirect_uri }).expect(201);
    return body as { authorization_url: string; flow_token: string };
  };
  /** Everything that the portal sends at the end, with somebody's sign-in at the provider. */
  const signedIn = async (login: string, caller: Caller = catalog.anyone, at = path) => {
    const { authorization_url, flow_token } = await begin(caller, at);
    return { flow_token, callback: await visit(authorization_url, login) };
  };
  const me = async (token: string) => {
    const { body } = await catalog.withBearer(token).get("/v1/developers/me").expect(200);
    return body as Record<string, unknown>;
  };
  return { ...catalog, provider, begin, signedIn, visit, me };
}

test("signing in with a provider makes an account, and finds it the next time", async (t) => {
  const { anyone, signedIn, me, db } = await start(t);
  const first = await anyone.post(`${path}:finish`, await signedIn("carol")).expect(201);
  const carol = await me((first.body as { token: string }).token);
  const { email, name, verified, oauth_provider } = carol;
  assert.deepEqual(
    { email, name, verified, oauth_provider },
    { email: "carol@mosis.test", name: "Carol", verified: true, oauth_provider: "example" },
  );
  const second = await anyone.post(`${path}:finish`, await signedIn("carol")).expect(201);
  assert.equal((await me((second.body as { token: string }).token))["id"], carol["id"]);
  const actions = (await auditTrail(db)).map(({ action }) => action);
  assert.deepEqual(actions, ["developer.created", "session.created", "session.created"]);
});

// Whoever gets a provider to say an address must not have the account of that address.
// INVARIANT 46
test("an account that exists is never found by its address, only linked by who is signed in", async (t) => {
  const { as, anyone, signedIn, db } = await start(t);
  const ada = await as("ada");
  assertProblem(await anyone.post(`${path}:finish`, await signedIn("mallory")), "email_taken");

  const linked = await ada.put(own, await signedIn("mallory", ada, own)).expect(200);
  assert.equal((linked.body as { oauth_provider: string }).oauth_provider, "example");
  await anyone.post(`${path}:finish`, await signedIn("mallory")).expect(201);
  assertProblem(await ada.put(own, await signedIn("carol", ada, own)), "state_conflict");
  assert.ok((await auditTrail(db)).some(({ action }) => action === "developer.oauth_linked"));

  // One identity, one account.
  const bob = await as("bob");
  assertProblem(await bob.put(own, await signedIn("mallory", bob, own)), "state_conflict");
  await ada.delete(own).expect(204);
  assertProblem(await ada.delete(own), "not_found");
  assertProblem(await anyone.post(`${path}:finish`, await signedIn("mallory")), "email_taken");
});

test("somebody whose id no store tells from others is not signed in", async (t) => {
  const { anyone, signedIn, db } = await start(t);
  for (const login of ["x".repeat(256), "a\0b"]) {
    assertProblem(await anyone.post(`${path}:finish`, await signedIn(login)), "oauth_failed");
  }
  assert.deepEqual(await auditTrail(db), []);
});

test("a provider that has moved its endpoints is found again after a failure", async (t) => {
  const { anyone, signedIn, provider } = await start(t, { oidcRereadMs: 0 });
  await anyone.post(`${path}:finish`, await signedIn("carol")).expect(201);
  const before = await signedIn("carol");
  provider.move("/moved");
  assert.ok((await anyone.post(`${path}:finish`, before)).status >= 400);
  await anyone.post(`${path}:finish`, await signedIn("carol")).expect(201);
  assert.equal(provider.discoveries(), 2);
});

test("a provider's document is not read again with every failure", async (t) => {
  const { anyone, signedIn, provider } = await start(t);
  const flows = [await signedIn("carol"), await signedIn("carol"), await signedIn("carol")];
  provider.move("/moved");
  for (const flow of flows) assert.ok((await anyone.post(`${path}:finish`, flow)).status >= 400);
  assert.equal(provider.discoveries(), 1);
});

test("an address that the provider has not verified makes no account", async (t) => {
  const { anyone, signedIn, db } = await start(t);
  assertProblem(await anyone.post(`${path}:finish`, await signedIn("eve")), "email_unverified");
  assert.deepEqual(await auditTrail(db), []);
});

// Nobody is signed in as somebody else by a link, or by what was taken from another browser.
// INVARIANT 46
test("a flow ends once, for its browser, its provider, its purpose and its developer alone", async (t) => {
  const { as, anyone, signedIn, begin, db } = await start(t);
  const done = await signedIn("carol");
  const another = await begin(anyone);
  // The callback of one flow with the token of another: the state does not belong to it.
  const mixed = { flow_token: another.flow_token, callback: done.callback };
  assertProblem(await anyone.post(`${path}:finish`, mixed), "oauth_failed");
  assertProblem(await anyone.post(`${path}:finish`, mixed), "token_invalid");
  const answers = await Promise.all([1, 2, 3].map(() => anyone.post(`${path}:finish`, done)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const answer of answers) if (answer.status !== 201) assertProblem(answer, "token_invalid");

  const [ada, bob] = [await as("ada"), await as("bob")];
  const linking = await signedIn("carol", ada, own);
  assertProblem(await bob.put(own, linking), "token_invalid");
  assertProblem(await anyone.post(`${path}:finish`, linking), "token_invalid");
  const late = await signedIn("carol");
  await execute(db, sql`update oauth_flows set expires_at = now()`);
  assertProblem(await anyone.post(`${path}:finish`, late), "token_invalid");

  const denied = await begin(anyone);
  const state = new URL(denied.authorization_url).searchParams.get("state") ?? "";
  const callback = `?error=access_denied&state=${state}`;
  assertProblem(
    await anyone.post(`${path}:finish`, { flow_token: denied.flow_token, callback }),
    "oauth_failed",
  );
  const garbage = await begin(anyone);
  const nonsense = { flow_token: garbage.flow_token, callback: "%%%&state=\u0000" };
  assertProblem(await anyone.post(`${path}:finish`, nonsense), "oauth_failed");
});

test("linking needs a session of the last minutes, and unlinking another way in", async (t) => {
  const { as, anyone, signedIn, withBearer, db, provider } = await start(t);
  const ada = await as("ada");
  await execute(db, sql`update sessions set created_at = now() - interval '11 minutes'`);
  const body = { redirect_uri: provider.redirectUri };
  assertProblem(await ada.post(`${own}:authorize`, body), "confirmation_required");
  const session = await anyone.post(`${path}:finish`, await signedIn("carol")).expect(201);
  const carol = withBearer((session.body as { token: string }).token);
  assertProblem(await carol.delete(own), "state_conflict");
  // Without a password a fresh session chooses the first one.
  await carol.post("/v1/developers/me:change-password", { new_password: "now I have one" }).expect(204);
  await carol.delete(own).expect(204);
});

test("browsers come back to configured pages only, and a provider that is away is a 503", async (t) => {
  const { anyone, provider } = await start(t);
  const elsewhere = { redirect_uri: "https://evil.test/" };
  assertProblem(await anyone.post(`${path}:authorize`, elsewhere), "reference_unknown");
  const body = { redirect_uri: provider.redirectUri };
  assertProblem(await anyone.post("/v1/oauth/other:authorize", body), "not_found");
  const away = { ...provider.settings, issuer: "http://127.0.0.1:9" };
  const lonely = await startCatalog(t, { oidcProviders: [away] });
  assertProblem(await lonely.anyone.post(`${path}:authorize`, body), "unavailable");
});

test("providers are configured with https, once each, and no secret is in what is said of a mistake", () => {
  const good = {
    name: "a",
    issuer: "https://id.test",
    client_id: "c",
    client_secret: "s3cret",
    redirect_uris: ["https://portal.test/in"],
  };
  assert.deepEqual(readProviders(JSON.stringify([good])), [good]);
  const bad = [
    "{",
    `[{"client_secret":"s3cret"`,
    JSON.stringify([{ ...good, issuer: "http://id.test" }]),
    JSON.stringify([{ ...good, redirect_uris: ["https://portal.test/in?x=1"] }]),
    JSON.stringify([good, good]),
    JSON.stringify([{ ...good, extra: 1 }]),
  ];
  for (const text of bad) {
    assert.throws(
      () => readProviders(text),
      (error: Error) => !error.message.includes("s3cret"),
      text,
    );
  }
});
