import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, type Pool, sql } from "@mosis/postgres";
import type { Review } from "@mosis/types/reviews";
import { claimNext, faults, queue, reviewOf, startReviews, submitVersion, waiting } from "./reviewing.ts";
import { assertProblem, auditTrail } from "./support.ts";

// INVARIANT 37
test("a submission waits, is claimed and approved, and its developer sees each step", async (t) => {
  const { reviewer, developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go", "Go");
  const rev = await reviewer("rev");
  await submit(ada, 1);
  const first = await reviewOf(ada, 1);
  assert.deepEqual([first.state, first.position, first.waits.for], ["waiting", 1, "reviewer"]);
  assert.deepEqual(
    first.checks.map(({ code, result }) => [code, result]),
    [
      ["signature_valid", "pass"],
      ["version_order", "pass"],
      ["name_similarity", "pass"],
      ["permissions_added", "pass"],
    ],
  );
  assert.ok(first.allowed_actions.includes("withdraw"));

  const { id, etag } = await claimNext(rev);
  const claimed = await reviewOf(ada, 1);
  assert.match(claimed.waits.message, /^A reviewer has claimed it/);
  const answer = await rev
    .post(`${queue}/${id}:approve`, { notes: "Well made." })
    .set("If-Match", etag)
    .expect(200);
  const approved = answer.body as Review;
  assert.deepEqual(
    [approved.state, approved.notes, approved.claim, approved.allowed_actions],
    ["approved", "Well made.", null, []],
  );
  assert.deepEqual((await rev.get(`${queue}/${id}`)).body, approved);

  const last = await reviewOf(ada, 1);
  assert.deepEqual(
    [last.state, last.version_status, last.position, last.notes],
    ["approved", "approved", null, "Well made."],
  );
  assert.match(last.waits.message, /:publish/);
  assert.deepEqual(
    last.timeline.map(({ event, by }) => `${event} by ${by}`),
    ["submitted by developer", "claimed by reviewer", "approved by reviewer"],
  );
  assert.ok(last.wait_p50_seconds !== null && last.wait_p90_seconds !== null);

  const trail = (await auditTrail(db)).filter(({ developer_id }) => developer_id === ada.id);
  const told = trail.filter(({ action }) => action === "review.claimed" || action === "version.approved");
  assert.deepEqual(
    told.map(({ action }) => action),
    ["review.claimed", "version.approved"],
  );
  const sessions = new Set(told.map(({ actor }) => `${actor.kind} ${actor.id}`));
  assert.ok(sessions.size === 1 && !JSON.stringify(told).includes(rev.id), "by the reviewer's session");
});

// INVARIANT 37
test("a rejection has codes, what to fix and notes, and the version can be submitted again", async (t) => {
  const { reviewer, developer, submit } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const rev = await reviewer("rev");
  await submit(ada, 1);
  const { id, etag } = await claimNext(rev);
  const reject = (body: object) => rev.post(`${queue}/${id}:reject`, body).set("If-Match", etag);
  for (const wrong of [{}, { ...faults, codes: [] }, { ...faults, codes: ["ugly"] }, { codes: ["other"] }]) {
    assertProblem(await reject(wrong), "invalid_request");
  }
  await reject(faults).expect(200);
  const rejected = await reviewOf(ada, 1);
  assert.deepEqual(
    [rejected.state, rejected.version_status, rejected.notes],
    ["rejected", "rejected", faults.notes],
  );
  assert.deepEqual(
    rejected.faults.map(({ code }) => code),
    faults.codes,
  );
  assert.ok(rejected.faults.every(({ fix }) => fix.endsWith(".")) && rejected.waits.for === "developer");
  await submit(ada, 1);
  const again = await reviewOf(ada, 1);
  assert.deepEqual([again.state, again.position, again.faults, again.notes], ["waiting", 1, [], null]);
  const events = again.timeline.map(({ event, codes, notes }) => ({ event, codes, notes }));
  assert.deepEqual(events, [
    { event: "submitted", codes: [], notes: null },
    { event: "claimed", codes: [], notes: null },
    { event: "rejected", ...faults },
    { event: "submitted", codes: [], notes: null },
  ]);
});

// INVARIANT 36
test("of a rejection and an approval at once, one counts", async (t) => {
  const { reviewer, developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const rev = await reviewer("rev");
  for (let code = 1; code <= 5; code++) {
    await submit(ada, code);
    const { id, etag } = await claimNext(rev);
    const answers = await Promise.all([
      rev.post(`${queue}/${id}:approve`, {}).set("If-Match", etag),
      rev.post(`${queue}/${id}:reject`, faults).set("If-Match", etag),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 412],
    );
    const { state, version_status } = await reviewOf(ada, code);
    assert.equal(state, version_status);
    assert.equal(state === "approved", answers[0].status === 200);
  }
  const decided = (await auditTrail(db)).filter(({ action }) =>
    /^version\.(approved|rejected)$/.test(action),
  );
  assert.equal(decided.length, 5);
});

// INVARIANT 36
test("a newer submission takes the place of the one that waits, also while that is approved", async (t) => {
  const { reviewer, developer, submit } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const rev = await reviewer("rev");
  for (let code = 1; code < 20; code += 2) {
    await submit(ada, code);
    const { id, etag } = await claimNext(rev);
    const [answer] = await Promise.all([
      rev.post(`${queue}/${id}:approve`, {}).set("If-Match", etag),
      submit(ada, code + 1),
    ]);
    const [older, newer] = [await reviewOf(ada, code), await reviewOf(ada, code + 1)];
    assert.deepEqual([newer.state, newer.version_status], ["waiting", "review"]);
    const won = answer.status === 200;
    if (!won) assertProblem(answer, "precondition_failed");
    assert.deepEqual(
      [older.state, older.version_status],
      won ? ["approved", "approved"] : ["superseded", "draft"],
    );
    assert.equal((await waiting(rev)).length, 1);
  }
});

// INVARIANT 35
test("what a revoked key has signed is not approved, and its developer is told the way out", async (t) => {
  const { reviewer, developer, submit } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const rev = await reviewer("rev");
  await submit(ada, 1);
  const { id } = await claimNext(rev);
  await ada
    .post(`/v1/signing-keys/${ada.signingKey.id}:revoke`, { reason: "lost" })
    .set("If-Match", "*")
    .expect(200);
  const { errors } = assertProblem(
    await rev.post(`${queue}/${id}:approve`, {}).set("If-Match", "*"),
    "state_conflict",
  );
  assert.equal(errors?.[0]?.code, "signing_key_revoked");
  const { checks, waits } = await reviewOf(ada, 1);
  assert.deepEqual([checks[0]?.code, checks[0]?.result, waits.for], ["signature_valid", "fail", "developer"]);
  assert.match(waits.message, /Withdraw it\. Sign it with an active key/);
  const shown = (await rev.get(`${queue}/${id}`)).body as Review;
  assert.deepEqual(shown.allowed_actions, ["claim", "release", "reject"]);
  await rev.post(`${queue}/${id}:reject`, faults).set("If-Match", "*").expect(200);
});

/** The only submission was made and withdrawn so many times before, an hour ago. */
function withdrawOften(db: Pool, times: number) {
  return execute(
    db,
    sql`
      insert into reviews (id, version_id, app_id, developer_id, state, submitted_at, ended_at, checks)
      select gen_random_uuid(), version_id, app_id, developer_id, 'withdrawn', now() - interval '1 hour',
             now(), '[]'
      from reviews, generate_series(1, ${times}::int)`,
  );
}

test("an app has so many submissions a day", async (t) => {
  const { developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  await submit(ada, 1);
  await withdrawOften(db, 49);
  assertProblem(await submitVersion(ada, 2), "quota_exceeded");
  assert.equal((await reviewOf(ada, 1)).state, "waiting");
});

test("a draft that is deleted gives no submission back, and takes no decision along", async (t) => {
  const { reviewer, developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const rev = await reviewer("rev");
  const path = "/v1/apps/org.mosis.go/versions/1";
  await submit(ada, 1);
  const { id, etag } = await claimNext(rev);
  await rev.post(`${queue}/${id}:reject`, faults).set("If-Match", etag).expect(200);
  await withdrawOften(db, 48);
  await ada.patch(path, { version_name: "1.0" }).set("If-Match", "*").expect(200);
  await ada.delete(path).set("If-Match", "*").expect(204);
  assertProblem(await rev.get(`${queue}/${id}`), "not_found");

  await submit(ada, 1);
  const again = await reviewOf(ada, 1);
  assert.notEqual(again.wait_p50_seconds, null);
  assert.deepEqual(
    again.timeline.map(({ event }) => event),
    ["submitted"],
  );
  assertProblem(await submitVersion(ada, 2), "quota_exceeded");

  // They go with the app, also when it is deleted while a version of it waits.
  await ada.delete("/v1/apps/org.mosis.go").set("If-Match", "*").expect(204);
  assert.equal(await execute(db, sql`select from reviews`), 0);
});
