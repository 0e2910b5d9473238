import assert from "node:assert/strict";
import { test } from "node:test";
import { many, sql } from "@mosis/postgres";
import type { Response } from "supertest";
import type { Key, KeyWithSecret } from "@mosis/types/keys";
import Type from "typebox";
import { changeKey, createKey, lastState, rotateKey, startKeys } from "./keys-support.ts";
import { assertProblem, auditTrail, type Caller, everythingStored } from "./support.ts";

/** As GitHub's secret scanning sends it. */
const report = (by: Caller, ...tokens: string[]) =>
  by.post(
    "/v1/keys:report-leak",
    tokens.map((token) => ({
      token,
      type: "mosis_key",
      source: "content",
      url: `https://example.org/leak?key=${token}`,
    })),
  );

// INVARIANT 41
test("a leaked management key is disabled at once, and works again with another secret alone", async (t) => {
  const { ada, anyone, db, withBearer } = await startKeys(t);
  const { id, secret } = await createKey(ada);
  await withBearer(secret).get("/v1/apps").expect(200);
  await report(anyone, secret).expect(202, { received: 1 });
  assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
  assert.equal(await lastState(db, id), null);
  const { disabled, leaked_at } = (await ada.get(`/v1/keys/${id}`)).body as Key;
  assert.ok(disabled && leaked_at !== null);
  assertProblem(await changeKey(ada, id, { disabled: false }), "state_conflict");

  const rotated = (await rotateKey(ada, id, { grace_seconds: 3600 }).expect(200)).body as KeyWithSecret;
  assert.deepEqual([rotated.disabled, rotated.leaked_at], [true, null]);
  await changeKey(ada, id, { disabled: false }).expect(200);
  await withBearer(rotated.secret).get("/v1/apps").expect(200);
  assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
});

test("a leaked ingest key works on, and its owner is told once", async (t) => {
  const { ada, anyone, db } = await startKeys(t);
  const { id, secret } = await createKey(ada, { kind: "ingest" });
  await report(anyone, secret).expect(202);
  await report(anyone, secret).expect(202);
  const { disabled, leaked_at } = (await ada.get(`/v1/keys/${id}`)).body as Key;
  assert.ok(!disabled && leaked_at !== null);
  assert.equal((await lastState(db, id))?.key_id, id);
  const [event, ...others] = (await auditTrail(db)).filter(({ action }) => action === "key.leaked");
  assert.deepEqual([event?.actor, event?.developer_id, others], [{ kind: "system", id: "" }, ada.id, []]);
  const mails = await many(
    db,
    Type.Object({ recipient: Type.String() }),
    sql`select recipient from mails where kind = 'key_leaked'`,
  );
  assert.deepEqual(mails, [{ recipient: ada.email }]);
  assert.equal(event?.payload["leak_url"], "https://example.org/leak?key=[secret]");
});

test("of a rotated key the secret from before ends when it has leaked, and the new one stays", async (t) => {
  const { ada, anyone, db, withBearer } = await startKeys(t);
  const first = await createKey(ada);
  const second = (await rotateKey(ada, first.id).expect(200)).body as KeyWithSecret;
  await report(anyone, first.secret).expect(202);
  assertProblem(await withBearer(first.secret).get("/v1/apps"), "credentials_invalid");
  await withBearer(second.secret).get("/v1/apps").expect(200);
  await report(anyone, first.secret).expect(202);
  const events = (await auditTrail(db)).filter(({ action }) => action === "key.leaked");
  assert.deepEqual(
    events.map(({ payload }) => payload["leaked_secret"]),
    ["previous"],
  );
});

test("where a secret was found is shown as every parser reads it, or not at all", async (t) => {
  const { ada, anyone, db } = await startKeys(t);
  const urls = [
    [String.raw`https://example.org\@files.example.net/p`, "https://example.org/@files.example.net/p"],
    ["https://EXAMPLE.org:443/a b", "https://example.org/a%20b"],
    ["https://example.org/\u202egpj", "https://example.org/%E2%80%AEgpj"],
    ["javascript:alert(1)", null],
    ["src/config.ts", null],
  ] as const;
  const reported = [];
  for (const [url] of urls) {
    reported.push({ token: (await createKey(ada, { kind: "ingest" })).secret, url });
  }
  await anyone.post("/v1/keys:report-leak", reported).expect(202);
  const told = (await auditTrail(db)).filter(({ action }) => action === "key.leaked");
  assert.deepEqual(
    new Set(told.map(({ payload }) => payload["leak_url"])),
    new Set(urls.map(([, shown]) => shown)),
  );
  assert.equal(told.length, urls.length);
});

// Whoever has found something must not learn from the answer whether it is good.
// INVARIANT 43
test("what was never ours, a typo and a real secret are answered alike, and none is kept", async (t) => {
  const { ada, anyone, db } = await startKeys(t);
  const real = await createKey(ada);
  const gone = await createKey(ada);
  await ada.delete(`/v1/keys/${gone.id}`).expect(204);
  const never = withoutFields(await report(anyone, "never ours"));
  for (const token of [real.secret, gone.secret, `${real.secret}x`, ada.token]) {
    assert.deepEqual(withoutFields(await report(anyone, token)), never);
  }
  await report(anyone, "a", real.secret, "b").expect(202, { received: 3 });
  const stored = await everythingStored(db);
  assert.ok(!stored.includes(real.secret.slice(15)) && !stored.includes("never ours"));
});

test("a report of nothing, of too much and of something else is refused by its place", async (t) => {
  const { anyone } = await startKeys(t);
  const wrong = [
    [],
    {},
    [{}],
    [{ token: "" }],
    [{ token: "x", url: "\u0000" }],
    Array.from({ length: 101 }, () => ({ token: "x" })),
  ];
  for (const body of wrong) {
    assertProblem(await anyone.post("/v1/keys:report-leak", body), "invalid_request");
  }
  await anyone.post("/v1/keys:report-leak", [{ token: "x", url: null }]).expect(202);
});

test("reports are limited by the address that they come from", async (t) => {
  const requestRates = { reads: 100, writes: 100, publicReads: 100, publicWrites: 4 };
  const { anyone } = await startKeys(t, { requestRates });
  for (let left = 2; left > 0; left--) await report(anyone, "x").expect(202);
  assertProblem(await report(anyone, "x"), "rate_limited");
});

// Guards "the database decides races".
test("a key that is reported and rotated at once is told once, and never left open", async (t) => {
  const { ada, anyone, db, withBearer } = await startKeys(t);
  const { id, secret } = await createKey(ada);
  const work = [...Array.from({ length: 8 }, () => report(anyone, secret)), rotateKey(ada, id)];
  for (const { status } of await Promise.all(work)) assert.ok(status < 300, `${status}`);
  assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
  const events = (await auditTrail(db)).filter(({ action }) => action === "key.leaked");
  assert.equal(events.length, 1);
});

function withoutFields(answer: Response) {
  const { date, "x-request-id": id, ratelimit, ...headers } = answer.headers as Record<string, string>;
  assert.ok(date && id && ratelimit);
  return { status: answer.status, headers, text: answer.text };
}
