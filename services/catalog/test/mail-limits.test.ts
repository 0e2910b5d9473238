import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, type Pool, sql } from "@mosis/postgres";
import Type from "typebox";
import { insertMail } from "../src/developers/mail-queue.ts";
import { everyone } from "../src/access/principal.ts";
import { createKey } from "./keys-support.ts";
import { startWithMailbox } from "./mailbox.ts";
import { assertProblem, type Caller, startCatalog } from "./support.ts";

const Queued = Type.Object({
  kind: Type.String(),
  recipient: Type.String(),
  subjects: Type.Array(Type.String()),
  due: Type.Boolean(),
});

/** What waits to be sent. */
function queued(db: Pool) {
  const statement = sql`
    select kind, recipient, subjects, due_at <= now() as due from mails order by created_at, id`;
  return many(db, Queued, statement);
}

const leak = (anyone: Caller, secrets: string[]) =>
  anyone.post(
    "/v1/keys:report-leak",
    secrets.map((token) => ({ token })),
  );

async function makeKeys(by: Caller, count: number) {
  return Promise.all(Array.from({ length: count }, () => createKey(by, { kind: "ingest" })));
}

// INVARIANT 59
test("a report of sixty leaked keys is one mail that lists them, and another report joins it", async (t) => {
  const { as, anyone, db } = await startCatalog(t);
  const ada = await as("ada");
  await execute(db, sql`delete from mails`);
  const keys = await makeKeys(ada, 60);
  await leak(
    anyone,
    keys.map(({ secret }) => secret),
  ).expect(202);
  const [mail, ...others] = await queued(db);
  assert.deepEqual([mail?.kind, mail?.recipient, others], ["key_leaked", ada.email, []]);
  const prefixes = (of: { key_prefix: string }[]) => of.map(({ key_prefix }) => key_prefix).toSorted();
  assert.deepEqual(mail?.subjects.toSorted(), prefixes(keys));

  const more = await makeKeys(ada, 2);
  for (const { secret } of more) await leak(anyone, [secret]).expect(202);
  const [joined, ...rest] = await queued(db);
  assert.deepEqual([joined?.subjects.toSorted(), rest], [prefixes([...keys, ...more]), []]);
});

test("the mail about leaked keys names each by the beginning of its secret", async (t) => {
  const { as, anyone, mailbox } = await startWithMailbox(t);
  const ada = await as("ada");
  const keys = await makeKeys(ada, 3);
  await leak(
    anyone,
    keys.map(({ secret }) => secret),
  ).expect(202);
  const [mail] = await mailbox.untilSome(ada.email, /Secrets of your keys/);
  for (const { key_prefix, secret } of keys) {
    const text = mail?.text ?? "";
    assert.ok(text.includes(key_prefix) && !text.includes(secret.slice(10)), text);
  }
});

test("an address that was never confirmed gets mails to confirm it and to reset, no others", async (t) => {
  const { as, anyone, db } = await startCatalog(t);
  const ada = await as("ada");
  const { password } = ada;
  await execute(db, sql`update developers set verified = false`);
  await execute(db, sql`delete from mails`);
  const keys = await makeKeys(ada, 3);
  await leak(
    anyone,
    keys.map(({ secret }) => secret),
  ).expect(202);
  await createKey(ada);
  const changed = { password, new_password: "quite another password" };
  await ada.post("/v1/developers/me:change-password", changed).expect(204);
  await ada.post("/v1/developers/me:delete", { password: changed.new_password }).expect(204);
  assert.deepEqual(await queued(db), []);
});

// Registering, deleting and registering again asks for a mail each time.
// INVARIANT 59
test("all mails that strangers can cause to one mailbox come out of one bucket", async (t) => {
  const { anyone, withBearer, db } = await startCatalog(t);
  const victim = "victim@mosis.test";
  const password = "a stranger chose this one";
  const signIn = async (email: string) => {
    const { body } = await anyone.post("/v1/sessions", { email, password }).expect(201);
    return withBearer((body as { token: string }).token);
  };
  for (let i = 0; i < 6; i++) {
    const email = i % 2 === 0 ? victim.toUpperCase() : `victim+${i}@mosis.test`;
    await anyone.post("/v1/developers", { email, name: "Mallory", password }).expect(201);
    const stranger = await signIn(email);
    await stranger.post("/v1/developers/me:send-verification");
    await stranger.post("/v1/developers/me:delete", { password }).expect(204);
  }
  const reset = await anyone.post("/v1/developers:request-password-reset", { email: victim });
  assertProblem(reset, "rate_limited");
  assert.equal((await queued(db)).length, 4);

  // Nor by asking from one account for many addresses.
  await anyone.post("/v1/developers", { email: "m@mosis.test", name: "Mallory", password }).expect(201);
  const mallory = await signIn("m@mosis.test");
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) {
    const email = `victim${i}@mosis.test`;
    const { status } = await mallory.post("/v1/developers/me:change-email", { email, password });
    statuses.push(status);
  }
  assert.deepEqual(statuses, [202, 202, 202, 429, 429, 429]);
});

test("of many at once no more are queued than of many in turn", async (t) => {
  const { anyone, db } = await startCatalog(t);
  const email = "victim@mosis.test";
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => anyone.post("/v1/developers:request-password-reset", { email })),
  );
  assert.equal(answers.filter(({ status }) => status === 202).length, 4);
  for (const answer of answers) if (answer.status !== 202) assertProblem(answer, "rate_limited");
  assert.equal((await queued(db)).length, 4);
});

// A thief must not be able to hide one notice behind many others.
// INVARIANT 59
test("notices beyond the bucket wait and become one mail of their kind; none is lost", async (t) => {
  const { as, db, apiDb } = await startCatalog(t);
  const { id: developerId, email: recipient } = await as("ada");
  await execute(db, sql`delete from mails`);
  const notice = (kind: "key_leaked" | "oauth_linked", subject: string) =>
    insertMail(apiDb.as(developerId), {
      developerId,
      kind,
      recipient,
      requestId: "test",
      subjects: [subject],
    });
  for (let i = 0; i < 30; i++) {
    await notice("key_leaked", `mk_${i}`);
    // As if a sender had taken it.
    await execute(db, sql`update mails set attempts = 1 where due_at <= now()`);
  }
  await notice("oauth_linked", "example");
  const mails = await queued(db);
  assert.deepEqual(mails.filter(({ due }) => due).length, 10);
  const later = mails.filter(({ due }) => !due);
  assert.deepEqual(
    later.map(({ kind, subjects }) => [kind, subjects.length]),
    [
      ["key_leaked", 20],
      ["oauth_linked", 1],
    ],
  );
});

// INVARIANT 59
test("the api puts no mail into the queue but through its limits", async (t) => {
  const { as, apiDb } = await startCatalog(t);
  const ada = await as("ada");
  const around = sql`
    insert into mails (id, developer_id, kind, recipient, request_id)
    values (gen_random_uuid(), ${ada.id}, 'password_changed', 'x@mosis.test', '')`;
  await assert.rejects(execute(apiDb.as(everyone), around), /permission denied/);
  const foreign = insertMail(apiDb.as("00000000-0000-4000-8000-000000000000"), {
    developerId: ada.id,
    kind: "password_changed",
    recipient: ada.email,
    requestId: "",
  });
  await assert.rejects(foreign, /permission denied/);
});
