import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import { hash } from "@node-rs/argon2";
import { startWithMailbox } from "./mailbox.ts";
import { assertProblem, startCatalog } from "./support.ts";

// Guards the invariant "no password is set that is guessed first" (INVARIANTS.md): in each of the three
// places.
// INVARIANT 66
test("a password that is easy to guess is set nowhere, and the answer says what to do", async (t) => {
  const { anyone, as, mailbox } = await startWithMailbox(t);
  const ada = await as("ada");
  const { email, password } = ada;
  const packageId = "org.adalovelace.analytical_engine.notes";
  await ada.post("/v1/apps", { package_id: packageId, name: "Analytical Engine" }).expect(201);
  await anyone.post("/v1/developers:request-password-reset", { email }).expect(202);
  const token = await mailbox.token(email, /Choose a new password/);
  const easy = {
    "1234567890": "password_common",
    [email]: "password_too_easy",
    mosis12345: "password_too_easy",
    [packageId]: "password_too_easy",
    "Analytical Engine": "password_too_easy",
    "@n4lyticalEngine1": "password_too_easy",
  };
  for (const [new_password, code] of Object.entries(easy)) {
    const registering = { email: "new@mosis.test", name: "New", password: new_password };
    const answers = [
      ["/new_password", await ada.post("/v1/developers/me:change-password", { password, new_password })],
      ["/new_password", await anyone.post("/v1/developers:reset-password", { token, new_password })],
      ...(code === "password_common"
        ? ([["/password", await anyone.post("/v1/developers", registering)]] as const)
        : []),
    ] as const;
    for (const [pointer, answer] of answers) {
      const { errors } = assertProblem(answer, "invalid_request");
      assert.deepEqual([errors?.[0]?.code, errors?.[0]?.pointer], [code, pointer]);
      assert.ok(errors?.[0]?.fix);
    }
  }
  const own = { email: "grace.hopper@navy.test", name: "Grace", password: "grace.hopper@navy.test" };
  assertProblem(await anyone.post("/v1/developers", own), "invalid_request");
  // None of it has used the token up, or changed the password.
  await anyone.post("/v1/developers:reset-password", { token, new_password: "tram window salt" }).expect(204);
});

// A phone and a Mac send the same letters in two forms.
test("a password is one in both forms of Unicode, and one that was hashed raw still works", async (t) => {
  const { anyone, db } = await startCatalog(t);
  const [composed, decomposed] = [
    "café au lait à Orléans".normalize("NFC"),
    "café au lait à Orléans".normalize("NFD"),
  ];
  assert.notEqual(composed, decomposed);
  const [ada, bob] = ["ada@mosis.test", "bob@mosis.test"];
  await anyone.post("/v1/developers", { email: ada, name: "Ada", password: decomposed }).expect(201);
  await anyone.post("/v1/developers", { email: bob, name: "Bob", password: composed }).expect(201);
  for (const email of [ada, bob]) {
    for (const password of [composed, decomposed]) {
      await anyone.post("/v1/sessions", { email, password }).expect(201);
    }
  }
  const before = await hash(decomposed, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  await execute(db, sql`update developers set password_hash = ${before} where email = ${ada}`);
  await anyone.post("/v1/sessions", { email: ada, password: decomposed }).expect(201);
  const wrong = await anyone.post("/v1/sessions", { email: ada, password: composed });
  assertProblem(wrong, "credentials_invalid");
});
