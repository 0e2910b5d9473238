import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import type { Review } from "@mosis/types/reviews";
import { claimNext, faults, type Person, queue, reviewOf, startReviews, waiting } from "./reviewing.ts";
import { assertProblem, auditTrail, type Caller, withoutRequest } from "./support.ts";

// Guards "of many who do the same thing at once, one does it".
// INVARIANT 36
test("of fifty who claim at once, one gets it", async (t) => {
  const { reviewers, developer, submit, db } = await startReviews(t);
  await submit(await developer("ada", "org.mosis.go"), 1);
  const fifty = await reviewers(50);
  const [next] = await waiting(fifty[0] as Caller);
  assert.ok(next);
  const answers = await Promise.all(fifty.map((it) => it.post(`${queue}/${next.id}:claim`)));
  const refused = answers.filter(({ status }) => status !== 200);
  assert.equal(refused.length, 49);
  for (const answer of refused) assertProblem(answer, "state_conflict");
  const claims = (await auditTrail(db)).filter(({ action }) => action === "review.claimed");
  assert.equal(claims.length, 1);
});

test("a claim holds others off until it is released or runs out", async (t) => {
  const { reviewer, developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const [rev, other] = [await reviewer("rev"), await reviewer("other")];
  await submit(ada, 1);
  const { id, etag } = await claimNext(rev);
  const act = (who: Person, action: string, body?: object) =>
    who.post(`${queue}/${id}:${action}`, body).set("If-Match", "*");
  for (const [action, body] of [["claim"], ["release"], ["approve", {}], ["reject", faults]] as const) {
    const { errors } = assertProblem(await act(other, action, body), "state_conflict");
    assert.equal(errors?.[0]?.code, "review_claimed");
  }
  assert.deepEqual(
    (await waiting(other)).map(({ claim, allowed_actions }) => [claim?.by_me, allowed_actions]),
    [[false, []]],
  );
  assert.deepEqual(
    [(await waiting(rev, "?mine=true")).length, (await waiting(other, "?mine=true")).length],
    [1, 0],
  );
  await act(rev, "release").expect(200);
  assertProblem(await act(rev, "approve", {}), "state_conflict");
  assertProblem(await rev.post(`${queue}/${id}:approve`, {}).set("If-Match", etag), "precondition_failed");

  await act(rev, "claim").expect(200);
  await execute(db, sql`update reviews set claimed_until = now() - interval '1 second'`);
  assertProblem(await act(rev, "approve", {}), "state_conflict");
  await act(other, "claim").expect(200);
  const events = (await reviewOf(ada, 1)).timeline.map(({ event }) => event);
  assert.deepEqual(events, ["submitted", "claimed", "released", "claimed", "claim_expired", "claimed"]);
});

test("the queue is from old to new, page by page, without what is the reviewer's own", async (t) => {
  const { reviewer, developer, withApp, submit } = await startReviews(t);
  const rev = await reviewer("rev");
  const own = await withApp(await reviewer("own"), "org.mosis.own", "Own");
  await submit(own, 1);
  const names = [];
  for (let n = 0; n < 5; n++) {
    const packageId = `org.mosis.a${n}`;
    const ada = await developer(`dev${n}`, packageId);
    await submit(ada, 1);
    names.push(packageId);
    assert.equal((await reviewOf(ada, 1)).position, n + 2);
  }
  const pages: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const { body } = await own.get(`${queue}?limit=2${cursor && `&cursor=${cursor}`}`).expect(200);
    const { data, page } = body as { data: Review[]; page: { next_cursor: string | null } };
    pages.push(...data.map(({ package_id }) => package_id));
    cursor = page.next_cursor;
  }
  assert.deepEqual(pages, names);
  assert.equal((await waiting(rev)).length, 6);
  assert.deepEqual(
    (await waiting(rev, "?package_id=org.mosis.a3")).map(({ package_id }) => package_id),
    ["org.mosis.a3"],
  );
  await claimNext(own);
  assert.deepEqual(
    [(await waiting(rev, "?claimed=true")).length, (await waiting(rev, "?claimed=false")).length],
    [1, 5],
  );
  assertProblem(await own.get(`${queue}?cursor=x`), "cursor_invalid");
  assertProblem(await own.get(`${queue}?state=approved`), "invalid_request");

  const [mine] = await waiting(rev, "?package_id=org.mosis.own");
  assertProblem(await own.post(`${queue}/${mine?.id}:claim`), "permission_missing");
  const seen = (await own.get(`${queue}/${mine?.id}`).expect(200)).body as Review;
  assert.deepEqual(seen.allowed_actions, []);
});

test("a reviewer has so many claims at a time", async (t) => {
  const { reviewer, developer, submit, db } = await startReviews(t);
  const rev = await reviewer("rev");
  await submit(await developer("ada", "org.mosis.go"), 1);
  const [{ id } = { id: "" }] = await waiting(rev);
  // Ten more versions that wait and are claimed, of an app each.
  await execute(
    db,
    sql`
      with app as (
        insert into apps (developer_id, package_id, name)
        select developer_id, 'org.mosis.a' || n, 'A' from reviews, generate_series(1, 10) n
        returning id, developer_id),
      version as (
        insert into app_versions (app_id, developer_id, version_code, version_name, package_url, package_size,
                                  package_digest, signature)
        select id, developer_id, 1, 'n', 'u', 1, repeat('0', 64), 's' from app
        returning id, app_id, developer_id)
      insert into reviews (id, version_id, app_id, developer_id, claimed_by, claimed_until, checks)
      select id, id, app_id, developer_id, ${rev.id}, now() + interval '1 hour', '[]' from version`,
  );
  assertProblem(await rev.post(`${queue}/${id}:claim`), "state_conflict");
  await execute(
    db,
    sql`
      update reviews set claimed_until = now()
      where id = (select id from reviews where claimed_by is not null limit 1)`,
  );
  await rev.post(`${queue}/${id}:claim`).expect(200);
});

// Guards "what is not yours answers exactly like what does not exist".
// INVARIANT 40
test("nobody sees the review of another's version, and developers and keys see no queue", async (t) => {
  const { reviewer, developer, submit, withBearer } = await startReviews(t);
  const [ada, bob] = [await developer("ada", "org.mosis.go"), await developer("bob", "org.mosis.chess")];
  const rev = await reviewer("rev");
  await submit(ada, 1);
  const path = (packageId: string, code: number | string) => `/v1/apps/${packageId}/versions/${code}/review`;
  const missing = withoutRequest(await bob.get(path("org.mosis.no", 1)).expect(404));
  for (const asked of [
    path("org.mosis.go", 1),
    path("org.mosis.chess", 1),
    path("org.mosis.go", "x"),
    path("org.mosis.go", 99999999999),
  ]) {
    assert.deepEqual(withoutRequest(await bob.get(asked).expect(404)), missing);
  }
  assert.deepEqual(withoutRequest(await rev.get(path("org.mosis.go", 1)).expect(404)), missing);

  const [{ id } = { id: "" }] = await waiting(rev);
  const made = await rev.post("/v1/keys", { name: "ci", kind: "management" }).expect(201);
  const key = withBearer((made.body as { secret: string }).secret);
  for (const who of [ada, bob, key]) {
    for (const known of [id, randomUUID()]) {
      assertProblem(await who.get(queue), "permission_missing");
      assertProblem(await who.get(`${queue}/${known}`), "permission_missing");
      assertProblem(await who.post(`${queue}/${known}:claim`), "permission_missing");
      assertProblem(await who.post(`${queue}/${known}:release`), "permission_missing");
      assertProblem(
        await who.post(`${queue}/${known}:approve`, {}).set("If-Match", "*"),
        "permission_missing",
      );
      assertProblem(
        await who.post(`${queue}/${known}:reject`, faults).set("If-Match", "*"),
        "permission_missing",
      );
    }
  }
  for (const unknown of [randomUUID(), "x"]) {
    assertProblem(await rev.get(`${queue}/${unknown}`), "not_found");
    assertProblem(await rev.post(`${queue}/${unknown}:claim`), "not_found");
    assertProblem(await rev.post(`${queue}/${unknown}:approve`, {}).set("If-Match", "*"), "not_found");
  }
  const seen = JSON.stringify(await waiting(rev));
  for (const secret of [ada.id, ada.email, "@mosis.test"]) assert.ok(!seen.includes(secret), secret);
  assert.ok(!JSON.stringify(await reviewOf(ada, 1)).includes(rev.id));
});
