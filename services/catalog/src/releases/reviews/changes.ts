import { problem, requireMatch } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { Review } from "@mosis/types/reviews";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { readVersion, updateVersion } from "../versions/queries.ts";
import { versionOf } from "../versions/version.ts";
import { missingReview, requireReviewAction, reviewOf, tagOf } from "./actions.ts";
import { submissionChecks } from "./checks.ts";
import { withNameCheck } from "./name-check.ts";
import {
  clearClaim,
  countClaimsLocked,
  findReview,
  insertEvent,
  insertExpiry,
  lockReview,
  lockSubject,
  type ReviewRow,
  updateClaim,
  updateEnd,
} from "./queries.ts";
import { countOfDay, insertReview, lockWaiting, readSubmitted } from "./submission-queries.ts";

/** A claim ends after this time, so that a reviewer who is ill or forgets it holds nobody up for longer. */
const claimMinutes = 240;
/**
 * The maximum for one reviewer at a time.
 * @limit reviews that a reviewer has claimed
 */
const claimsMax = 10;
/**
 * The maximum for one app: every submission and its checks are kept, also when its version is deleted.
 * @limit submissions of an app in 24 hours
 */
const submissionsPerDayMax = 50;

/** Gives a submission to the reviewer, or extends the claim of the reviewer who has it. */
export async function claim(tx: Queryable, call: Call, id: string): Promise<Review> {
  const reviewerId = call.principal.developerId;
  // Counted before the submission is locked: we must not wait here for a reviewer who waits for that lock.
  const claims = await countClaimsLocked(tx, reviewerId);
  const row = await lockReview(tx, id);
  if (!row) throw missingReview();
  requireReviewAction("claim", row, reviewerId);
  const isNew = row.claimed_by === null;
  if (isNew && claims >= claimsMax) {
    throw problem(
      "state_conflict",
      `You have claimed ${claimsMax} submissions: decide or release one first.`,
    );
  }
  if (isNew) await insertExpiry(tx, row.id);
  await updateClaim(tx, row.id, reviewerId, claimMinutes);
  if (isNew) await insertEvent(tx, row, { event: "claimed", by: "reviewer" });
  const claimed = await reviewAgain(tx, row.id, reviewerId);
  if (isNew) await record(tx, authorOf(call, row.developer_id), reviewEvent("review.claimed", row));
  return claimed;
}

/** Gives a submission back to the queue. */
export async function release(tx: Queryable, call: Call, id: string): Promise<Review> {
  const reviewerId = call.principal.developerId;
  const row = await lockReview(tx, id);
  if (!row) throw missingReview();
  requireReviewAction("release", row, reviewerId);
  await clearClaim(tx, row.id);
  await insertEvent(tx, row, { event: "released", by: "reviewer" });
  const released = await reviewAgain(tx, row.id, reviewerId);
  await record(tx, authorOf(call, row.developer_id), reviewEvent("review.released", row));
  return released;
}

export interface Decision {
  state: "approved" | "rejected";
  codes: string[];
  notes: string | null;
}

/**
 * Ends a submission, and its version's review, with a decision. Every decision and every submission locks the
 * app before anything else, so concurrent ones happen one after the other.
 */
export async function decide(tx: Queryable, call: Call, id: string, decision: Decision): Promise<Review> {
  const reviewerId = call.principal.developerId;
  const found = await findReview(tx, id);
  if (!found) throw missingReview();
  await lockSubject(tx, found);
  const row = await lockReview(tx, id);
  if (!row) throw missingReview();
  const before = reviewOf(await withNameCheck(tx, row), reviewerId);
  requireMatch(call.ifMatch, tagOf(before));
  requireReviewAction(decision.state === "approved" ? "approve" : "reject", row, reviewerId);

  const { state, codes, notes } = decision;
  await updateEnd(tx, row.id, { state, decidedBy: reviewerId, codes, notes, checks: before.checks });
  await updateVersion(tx, row.version_id, sql`status = ${state}, review_notes = ${notes}`);
  await insertEvent(tx, row, { event: state, by: "reviewer" });
  const [ended, version] = [await findReview(tx, row.id), await readVersion(tx, row.version_id)];
  if (!ended) throw new Error("A locked submission is gone.");
  await record(tx, authorOf(call, row.developer_id), {
    action: `version.${state}`,
    target: { type: "version", id: row.version_id },
    payload: { ...versionOf(version), review_id: row.id, review_codes: codes },
  });
  return reviewOf(ended, reviewerId);
}

/**
 * Puts a version that is in review now into the queue. Call it in the transaction that submits the version,
 * with the app locked.
 * @throws Problem `quota_exceeded` when the app was submitted too often today.
 */
export async function openReview(tx: Queryable, versionId: string): Promise<void> {
  const submitted = await readSubmitted(tx, versionId);
  const { app_id: appId, developer_id: developerId } = submitted;
  if ((await countOfDay(tx, appId)) >= submissionsPerDayMax) {
    const detail = `An app may be submitted ${submissionsPerDayMax} times in 24 hours: submit it later.`;
    throw problem("quota_exceeded", detail, { headers: { "Retry-After": "3600" } });
  }
  const checks = await submissionChecks(tx, submitted);
  const id = newId();
  await insertReview(tx, { id, versionId, appId, developerId, checks });
  await insertEvent(tx, { id, developer_id: developerId }, { event: "submitted", by: "developer" });
}

/**
 * Takes the waiting submission of an app out of the queue. Call it in the transaction that takes its version
 * out of review, with the app locked.
 */
export async function closeReview(
  tx: Queryable,
  appId: string,
  how: "withdrawn" | "superseded",
): Promise<void> {
  const waiting = await lockWaiting(tx, appId);
  if (!waiting) throw new Error("A version was in review without a submission.");
  const { id, checks } = waiting;
  await updateEnd(tx, id, { state: how, decidedBy: null, codes: [], notes: null, checks });
  const by = how === "withdrawn" ? "developer" : "platform";
  await insertEvent(tx, waiting, { event: how, by });
}

/**
 * Builds the event for the developer's trail. Its actor is a session, which does not reveal who the reviewer
 * is.
 */
function reviewEvent(action: string, { id, package_id, version_code }: ReviewRow): Event {
  return { action, target: { type: "review", id }, payload: { package_id, version_code } };
}

async function reviewAgain(tx: Queryable, id: string, reviewerId: string): Promise<Review> {
  const row = await findReview(tx, id);
  if (!row) throw new Error("A locked submission is gone.");
  return reviewOf(await withNameCheck(tx, row), reviewerId);
}
