import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql, transaction } from "@mosis/postgres";
import type { VersionReview } from "@mosis/types/reviews";
import Type from "typebox";
import { untilWaiting } from "./locks.ts";
import { faults, queue, reviewOf, startReviews, submitVersion, waiting } from "./reviewing.ts";
import { auditTrail } from "./support.ts";

const rounds = 12;

// Guards "a submission ends once".
// INVARIANT 36
test("whatever is done at once, a version is in review exactly when a review of it waits", async (t) => {
  const { reviewer, developer, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  const reviewers = [await reviewer("rev"), await reviewer("rita")];
  const versions = "/v1/apps/org.mosis.go/versions";
  const statuses: number[] = [];

  for (let round = 0; round < rounds; round++) {
    const code = 2 * round + 1;
    await submitVersion(ada, code);
    const [review] = await waiting(reviewers[0] ?? assert.fail());
    const id = review?.id ?? assert.fail();
    const act = (who: number, action: string, body?: object) =>
      reviewers[who]?.post(`${queue}/${id}:${action}`, body).set("If-Match", "*") ?? assert.fail();
    await act(round % 2, "claim").expect(200);
    const answers = await Promise.all([
      act(0, "approve", {}),
      act(1, "reject", faults),
      act(round % 2, "release"),
      act((round + 1) % 2, "claim"),
      submitVersion(ada, code + 1),
      ada.post(`${versions}/${code}:withdraw`).set("If-Match", "*"),
    ]);
    statuses.push(...answers.map(({ status }) => status));
    await ada.post(`${versions}/${code + 1}:withdraw`).set("If-Match", "*");

    const wrong = await many(
      db,
      Type.Object({ version_code: Type.Integer(), status: Type.String(), state: Type.String() }),
      sql`
        select version_code, status, coalesce(last.state, 'none') as state
        from app_versions left join lateral (
          select state from reviews where version_id = app_versions.id
          order by submitted_at desc, id desc limit 1) last on true
        where (status = 'review') <> (last.state is not distinct from 'waiting')
           or status in ('approved', 'rejected') and status <> last.state`,
    );
    assert.deepEqual(wrong, []);
  }
  assert.deepEqual(new Set(statuses.filter((status) => status >= 500)), new Set());
  // A decision that was answered is in the trail once, and no other is.
  const decided = (await auditTrail(db)).filter(({ action }) =>
    /^version\.(approved|rejected)$/.test(action),
  );
  const ended = await many(
    db,
    Type.Object({ id: Type.String() }),
    sql`select id from reviews where decided_by is not null order by id`,
  );
  assert.deepEqual(
    decided.map(({ payload }) => String(payload["review_id"])).toSorted((a, b) => (a < b ? -1 : 1)),
    ended.map(({ id }) => id),
  );
});

// INVARIANT 37
test("a review that is read while it is decided is as before in all of its parts, or as after", async (t) => {
  const { developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  await submit(ada, 1);
  const { read } = await transaction(db, async (tx) => {
    await execute(tx, sql`lock table reviews in access exclusive mode`);
    // It has read the version by then, and waits here to read the submission.
    const read = ada
      .get("/v1/apps/org.mosis.go/versions/1/review")
      .expect(200)
      .then((it) => it);
    await untilWaiting(db, 1);
    await execute(tx, sql`update app_versions set status = 'approved'`);
    await execute(
      tx,
      sql`update reviews set state = 'approved', ended_at = now(), decided_by = developer_id`,
    );
    return { read };
  });
  const partsOf = ({ version_status, state, position }: VersionReview) => [version_status, state, position];
  assert.deepEqual(partsOf((await read).body as VersionReview), ["review", "waiting", 1]);
  assert.deepEqual(partsOf(await reviewOf(ada, 1)), ["approved", "approved", null]);
});
