import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key, KeyWithSecret } from "@mosis/types/keys";
import { assertProblem, type Caller, startCatalog } from "./support.ts";

/** What a minute cannot give back within a test, whatever the machine is doing. */
const rates = { reads: 3, writes: 5, publicReads: 2, publicWrites: 4 };

async function readAll(caller: Caller, path: string) {
  for (let left = rates.reads - 1; left >= 0; left--) {
    const { headers } = await caller.get(path).expect(200);
    assert.equal(headers["ratelimit-policy"], '"reads";q=3;w=60');
    assert.match(headers["ratelimit"] ?? "", new RegExp(`^"reads";r=${left};t=\\d+$`));
  }
}

// Guards "a 429 says which policy and when" (INVARIANTS.md).
// INVARIANT 51
test("an account has its reads and writes, and is told the policy it has used up", async (t) => {
  const { as, withBearer } = await startCatalog(t, { requestRates: rates });
  const ada = await as("ada");
  await readAll(ada, "/v1/apps");
  const refused = await ada.get("/v1/apps");
  assert.match(
    assertProblem(refused, "rate_limited").detail,
    /^The policy reads allows 3 a minute per account\./,
  );
  assert.match(refused.headers["ratelimit"] ?? "", /^"reads";r=0;t=(60|59|58)$/);
  const seconds = Number(refused.headers["retry-after"]);
  assert.ok(seconds > 0 && seconds <= 20, `${seconds} s`);

  // Another kind of request has its own; another key of the same developer has none.
  const made = await ada.post("/v1/keys", { name: "ci", kind: "management" }).expect(201);
  const key = withBearer((made.body as KeyWithSecret).secret);
  assertProblem(await key.get("/v1/keys"), "rate_limited");
  for (let i = 1; i < rates.writes; i++) assertProblem(await ada.post("/v1/apps", {}), "invalid_request");
  assertProblem(await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }), "rate_limited");
});

test("what is refused for its rate has changed nothing, and its body was not read", async (t) => {
  const { as } = await startCatalog(t, { requestRates: { ...rates, writes: 1 } });
  const ada = await as("ada");
  await ada.post("/v1/keys", { name: "first", kind: "management" }).expect(201);
  assertProblem(await ada.post("/v1/keys", { name: "second", kind: "management" }), "rate_limited");
  const broken = ada.post("/v1/keys").set("Content-Type", "application/json").send("{");
  assertProblem(await broken, "rate_limited");
  const { body } = await ada.get("/v1/keys").expect(200);
  assert.deepEqual(
    (body as { data: Key[] }).data.map(({ name }) => name),
    ["first"],
  );
});

// INVARIANT 51
test("an address without good credentials has a strict rate of its own", async (t) => {
  const { anyone, withBearer, as } = await startCatalog(t, { requestRates: rates });
  const ada = await as("ada");
  // Registering and signing in were two of the four.
  const wrong = { email: ada.email, password: "not the password" };
  assertProblem(await anyone.post("/v1/sessions", wrong), "credentials_invalid");
  // Credentials in the header buy nothing where none are needed.
  assertProblem(await withBearer("made-up").post("/v1/sessions", wrong), "credentials_invalid");
  const refused = await withBearer("another").post("/v1/sessions", wrong);
  assert.match(assertProblem(refused, "rate_limited").detail, /^The policy public-writes allows 4 a minute/);

  // Guessing keys, and sending none, is as strange.
  assertProblem(await withBearer("ms_live_guess").get("/v1/apps"), "credentials_invalid");
  assertProblem(await anyone.get("/v1/apps"), "credentials_missing");
  assertProblem(await withBearer("ms_live_another").get("/v1/apps"), "rate_limited");
  await readAll(ada, "/v1/apps");
});

test("behind a proxy of ours clients are told apart by the address that it has added", async (t) => {
  const { anyone } = await startCatalog(t, {
    requestRates: { ...rates, publicWrites: 1 },
    trustedProxies: ["127.0.0.0/8"],
  });
  const signIn = (forwarded: string) => anyone.post("/v1/sessions", {}).set("X-Forwarded-For", forwarded);
  assertProblem(await signIn("198.51.100.1"), "invalid_request");
  assertProblem(await signIn("198.51.100.2"), "invalid_request");
  assertProblem(await signIn("198.51.100.9, 198.51.100.2"), "rate_limited");
  assertProblem(await signIn("2001:db8::1"), "invalid_request");
  assertProblem(await signIn("2001:db8::ffff:2"), "rate_limited");
});
