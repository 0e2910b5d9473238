import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import Type from "typebox";
import { type Permission, permissions } from "@mosis/types/keys";
import { canonicalizeEmails } from "../src/accounts/email/canonicalize.ts";
import { assertProblem, auditTrail, everythingStored, startCatalog, log } from "./support.ts";

const ada = { email: "Ada@mosis.test", name: "Ada", password: "correct horse battery" };

test("registering answers with the developer, as GET /v1/developers/me shows it later", async (t) => {
  const { anyone, withBearer } = await startCatalog(t);
  const created = await anyone.post("/v1/developers", ada).expect(201);
  const { id, created_at, ...rest } = created.body as Record<string, string>;
  assert.deepEqual(rest, {
    email: ada.email,
    name: ada.name,
    role: "developer",
    verified: false,
    oauth_provider: null,
  });
  assert.ok(Math.abs(Date.parse(created_at ?? "") - Date.now()) < 60_000);
  assert.match(id ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(created.headers["location"], "/v1/developers/me");

  const { email, password } = ada;
  const session = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const me = await withBearer((session.body as { token: string }).token)
    .get("/v1/developers/me")
    .expect(200);
  assert.deepEqual(me.body, created.body);
});

// Guards "no change without its event": registering is the platform's doing, on the new developer's trail.
test("registering leaves one audit event with the request that did it", async (t) => {
  const { anyone, db } = await startCatalog(t);
  const { body } = await anyone.post("/v1/developers", ada).set("X-Request-Id", "sign-up.1").expect(201);
  const developer = body as { id: string };
  const [event, ...others] = await auditTrail(db);
  assert.deepEqual(others, []);
  const { event_id, occurred_at, ...rest } = event ?? assert.fail("there is no event");
  assert.ok(event_id.length === 36 && Math.abs(Date.parse(occurred_at) - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    developer_id: developer.id,
    actor: { kind: "system", id: "" },
    action: "developer.created",
    target_type: "developer",
    target_id: developer.id,
    request_id: "sign-up.1",
    payload: developer,
  });
});

// Guards "the database decides races": one account for an address, however it is written.
test("of many who register one address at once, in different case, one succeeds", async (t) => {
  const { anyone, db } = await startCatalog(t);
  const spellings = ["ada@mosis.test", "ADA@mosis.test", "Ada@Mosis.Test", "aDa@mosis.test"];
  const answers = await Promise.all(
    spellings.map((email) => anyone.post("/v1/developers", { ...ada, email })),
  );
  const refused = answers.filter(({ status }) => status !== 201);
  assert.equal(refused.length, spellings.length - 1);
  for (const answer of refused) assertProblem(answer, "email_taken");
  const emails = await many(db, Type.Object({ email: Type.String() }), sql`select email from developers`);
  assert.equal(emails.length, 1);
  assert.equal((await auditTrail(db)).length, 1);
});

// Guards "secrets are stored only as hashes".
// INVARIANT 43
test("a password is nowhere but in its argon2id hash, and that is in no event and no answer", async (t) => {
  const { as, db } = await startCatalog(t);
  const bob = await as("bob");
  const me = await bob.get("/v1/developers/me").expect(200);
  const stored = await everythingStored(db);
  assert.ok(!stored.includes(bob.password));
  const hashes = [...stored.matchAll(/\$argon2[^<\s]+/g)].map(([hash]) => hash);
  assert.equal(hashes.length, 1, "one hash in one column of one row");
  assert.match(hashes[0] ?? "", /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const told = JSON.stringify([me.body, await auditTrail(db)]);
  assert.ok(!told.includes("argon2") && !told.includes("password"));
});

test("the longest names and addresses are taken in any script, and one more is refused", async (t) => {
  const { anyone } = await startCatalog(t);
  const scripts = { ascii: "a", umlaut: "ü", emoji: "😀", accent: "\u0301" };
  for (const [script, letter] of Object.entries(scripts)) {
    // 64 bytes before the @, 255 characters in all.
    const local = letter.repeat(64 / Buffer.byteLength(letter));
    const behind = `@${script}.${"abcdefgh.".repeat(30)}`.slice(0, 250 - Array.from(local).length);
    const longest = { ...ada, name: letter.repeat(100), email: `${local}${behind}.test` };
    const { body } = await anyone.post("/v1/developers", longest).expect(201);
    const { name, email } = body as { name: string; email: string };
    assert.deepEqual({ name, email }, { name: longest.name, email: longest.email });
    const tooLong = { ...longest, name: longest.name + letter, email: letter + longest.email };
    const refused = assertProblem(await anyone.post("/v1/developers", tooLong), "invalid_request");
    assert.deepEqual(refused.errors?.map(({ pointer }) => pointer).toSorted(), ["/email", "/name"]);
  }
});

test("a registration that is wrong is told field by field, and makes no account", async (t) => {
  const { anyone, db } = await startCatalog(t);
  const wrong: [object, string[]][] = [
    [{}, ["/email", "/name", "/password"]],
    [{ ...ada, email: "ada" }, ["/email"]],
    [{ ...ada, email: "a da@mosis.test" }, ["/email"]],
    [{ ...ada, email: "ada@mosis.test\u0000" }, ["/email"]],
    [{ ...ada, name: "" }, ["/name"]],
    [{ ...ada, name: "A\u0000da" }, ["/name"]],
    [{ ...ada, password: "nine char" }, ["/password"]],
    [{ ...ada, password: "x".repeat(201) }, ["/password"]],
    [{ ...ada, password: 1234567890 }, ["/password"]],
    [{ ...ada, verified: true }, ["/verified"]],
  ];
  for (const [body, pointers] of wrong) {
    const refused = assertProblem(await anyone.post("/v1/developers", body), "invalid_request");
    assert.deepEqual(refused.errors?.map(({ pointer }) => pointer).toSorted(), pointers);
  }
  assert.deepEqual(await auditTrail(db), []);
});

// Guards "nothing is unbounded": each hash costs memory and a core.
test("when too many passwords wait to be hashed, the next is told to come back", async (t) => {
  const { anyone } = await startCatalog(t, { passwordHashes: { runningMax: 1, waitingMax: 1 } });
  const names = Array.from({ length: 12 }, (_, i) => `flood${i}@mosis.test`);
  const answers = await Promise.all(names.map((email) => anyone.post("/v1/developers", { ...ada, email })));
  const refused = answers.filter(({ status }) => status !== 201);
  assert.ok(refused.length > 0 && refused.length < names.length);
  for (const answer of refused) {
    assertProblem(answer, "unavailable");
    assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
  }
  await anyone.post("/v1/developers", ada).expect(201);
});

test("who I am is asked with a session or a management key; without credentials it is a 401", async (t) => {
  const { as, anyone, withBearer } = await startCatalog(t);
  const bob = await as("bob");
  const refused = await anyone.get("/v1/developers/me");
  assertProblem(refused, "credentials_missing");
  assert.equal(refused.headers["www-authenticate"], "Bearer");

  const key = await bob.post("/v1/keys", { name: "ci", kind: "management", permissions: ["apps:read"] });
  const me = await withBearer((key.body as { secret: string }).secret)
    .get("/v1/developers/me")
    .expect(200);
  assert.equal((me.body as { id: string }).id, bob.id);
});

test("a key without account:read, or of listed apps, reads no personal data of its developer", async (t) => {
  const { as, withBearer } = await startCatalog(t);
  const bob = await as("bob");
  await bob.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const readBy = async (asked: object) => {
    const key = await bob.post("/v1/keys", { name: "k", kind: "management", ...asked }).expect(201);
    const by = withBearer((key.body as { secret: string }).secret);
    return Object.keys((await by.get("/v1/developers/me").expect(200)).body as object).toSorted();
  };
  const id = ["created_at", "id"];
  const others = (Object.keys(permissions) as Permission[]).filter((name) => name !== "account:read");
  assert.deepEqual(await readBy({ permissions: others }), id);
  assert.deepEqual(await readBy({ permissions: ["telemetry:read"], package_ids: ["org.mosis.go"] }), id);
  assert.deepEqual(await readBy({ permissions: ["account:read"], package_ids: ["org.mosis.go"] }), id);
  for (const asked of [{}, { permissions: ["account:read"] }]) {
    assert.ok((await readBy(asked)).includes("email"));
  }
});

// One mailbox is one account, and mails go only to what is stored.
test("the spellings of one address are one account, and what is no mailbox is refused", async (t) => {
  const { anyone, db } = await startCatalog(t);
  const password = "tram window salt";
  const register = (email: string) => anyone.post("/v1/developers", { email, name: "Eve", password });
  const made = await register("eve@MÜNCHEN.example").expect(201);
  assert.equal((made.body as { email: string }).email, "eve@xn--mnchen-3ya.example");
  for (const email of [
    "eve@münchen.example",
    "eve@ｍünchen.example",
    "eve@mün\u00adchen.example",
    "EVE@xn--mnchen-3ya.example",
  ]) {
    assertProblem(await register(email), "email_taken");
    await anyone.post("/v1/sessions", { email, password }).expect(201);
  }
  for (const email of ["ｅve@x.example", "v<m@x.example>", "a@x.example,b"]) {
    const { errors } = assertProblem(await register(email), "invalid_request");
    assert.equal(errors?.[0]?.pointer, "/email");
  }
  const recipients = await execute(
    db,
    sql`select from mails where recipient <> 'eve@xn--mnchen-3ya.example'`,
  );
  assert.equal(recipients, 0);
});

test("addresses from before get their one form, and a second of a mailbox keeps its own", async (t) => {
  const { db } = await startCatalog(t);
  const insert = (email: string) =>
    execute(db, sql`insert into developers (email, name) values (${email}, 'n')`);
  for (const email of ["a@münchen.example", "b@münchen.example", "b@xn--mnchen-3ya.example", "c@x.example"]) {
    await insert(email);
  }
  await canonicalizeEmails(db, log);
  await canonicalizeEmails(db, log);
  const rows = await many(db, Type.Object({ email: Type.String() }), sql`select email from developers`);
  assert.deepEqual(rows.map(({ email }) => email).toSorted(), [
    "a@xn--mnchen-3ya.example",
    "b@münchen.example",
    "b@xn--mnchen-3ya.example",
    "c@x.example",
  ]);
});
