import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, one, type Pool, sql } from "@mosis/postgres";
import Type from "typebox";
import { findReview, listQueue } from "../src/releases/reviews/queries.ts";
import { countOfDay, listSimilarApps } from "../src/releases/reviews/submission-queries.ts";
import {
  countAhead,
  findLastReview,
  listTimeline,
  readWaits,
} from "../src/releases/reviews/version-review-queries.ts";
import { shareOwnSigningKey } from "../src/releases/signing-keys/queries.ts";
import { explaining } from "./explaining.ts";
import { startCatalog } from "./support.ts";

/** Thousands of submissions, half of which wait. Gives one of them, in the middle of the queue. */
async function fill(db: Pool) {
  const statements = [
    sql`
      insert into developers (email, name)
      select 'dev' || n || '@mosis.test', n::text from generate_series(1, 200) n`,
    sql`
      insert into signing_keys (developer_id, name, public_key, fingerprint)
      select id, 'k', 'k', name || '-' || n from developers, generate_series(1, 20) n`,
    sql`
      insert into apps (developer_id, package_id, name, status)
      select id, 'org.mosis.a' || name || '_' || n, md5(name || n), 'published'
      from developers, generate_series(1, 20) n`,
    sql`
      insert into app_versions (app_id, developer_id, version_code, version_name, package_url, package_size,
                                package_digest, signature, status, submitted_at)
      select id, developer_id, n, 'n', 'u', 1, repeat('0', 64), 's',
             case n when 2 then 'review' else 'approved' end, now()
      from apps, generate_series(1, 2) n`,
    sql`
      insert into reviews (id, version_id, app_id, developer_id, state, submitted_at, ended_at, decided_by,
                           checks)
      select id, id, app_id, developer_id, case status when 'review' then 'waiting' else 'approved' end,
             now() - random() * interval '9 days', case status when 'approved' then now() end,
             case status when 'approved' then developer_id end, '[]'
      from app_versions`,
    sql`
      insert into review_events (review_id, developer_id, event, by_part)
      select id, developer_id, 'submitted', 'developer' from reviews`,
    // Not just analyzed: what waits for its place in a GIN index makes it dear.
    sql`vacuum (analyze)`,
  ];
  for (const statement of statements) await execute(db, statement);
  return one(
    db,
    Type.Object({ id: Type.String(), app_id: Type.String(), developer_id: Type.String() }),
    sql`
      select id, app_id, developer_id from reviews where state = 'waiting'
      order by submitted_at offset 2000 limit 1`,
  );
}

// As the role of the api: what a policy makes of a plan is part of it.
test("every look-up of reviews is an index scan, and a page of the queue needs no sort of all", async (t) => {
  const { db, apiDb } = await startCatalog(t);
  const { id, app_id: appId, developer_id: developerId } = await fill(db);
  const explained = explaining(apiDb.as("*"));
  const all = { limit: 50, reviewerId: developerId, claimed: null, mine: null, packageId: null };
  const behind: [string, string] = ["2020-01-01T00:00:00.000000Z", id];
  const patterns: [string, () => Promise<unknown>][] = [
    ["reviews_queue", () => listQueue(explained.db, { ...all, behind: null })],
    ["reviews_queue", () => listQueue(explained.db, { ...all, behind, claimed: false })],
    ["reviews_by_claim", () => listQueue(explained.db, { ...all, behind, mine: true })],
    [
      "reviews_(waiting|by_app)",
      () => listQueue(explained.db, { ...all, behind, packageId: "org.mosis.a5_5" }),
    ],
    ["reviews_queue", () => countAhead(explained.db, id)],
    ["reviews_decided", () => readWaits(explained.db)],
    ["reviews_pkey", () => findReview(explained.db, id)],
    ["reviews_by_version", () => listTimeline(explained.db, id)],
    ["reviews_by_version", () => findLastReview(explained.db, id)],
    ["reviews_by_app", () => countOfDay(explained.db, appId)],
    ["apps_published_names", () => listSimilarApps(explained.db, developerId, "chess")],
    ["signing_keys_fingerprint", () => shareOwnSigningKey(explained.db, developerId, "7-7")],
  ];
  for (const [index, query] of patterns) {
    await query();
    const plan = explained.plan();
    assert.match(plan, new RegExp(`using ${index} on|Bitmap Index Scan on ${index}`), plan);
    assert.doesNotMatch(plan, /Seq Scan on (apps|app_versions|reviews|review_events|signing_keys)/, plan);
    if (index === "reviews_queue") assert.doesNotMatch(plan.split("InitPlan")[1] ?? "", /Sort/, plan);
  }
});
