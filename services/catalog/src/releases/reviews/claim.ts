import type { Queryable } from "@mosis/postgres";
import type { Review } from "@mosis/types/reviews";
import { problem } from "@mosis/http";
import type { Principal } from "../../access/principal.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { missingReview, requireReviewAction, reviewOf } from "./actions.ts";
import { withNameCheck } from "./name-check.ts";
import {
  clearClaim,
  countClaimsLocked,
  findReview,
  insertEvent,
  insertExpiry,
  lockReview,
  type ReviewRow,
  updateClaim,
} from "./queries.ts";

/** A reviewer who is ill or forgets holds nobody up for longer. */
const claimMinutes = 240;
/** Of one reviewer, at a time. */
const claimsMax = 10;

export interface Reviewing {
  principal: Principal;
  id: string;
  requestId: string;
}

/** Gives a submission to the reviewer, or more time to the one who has it. */
export async function claim(tx: Queryable, reviewing: Reviewing): Promise<Review> {
  const { principal, id } = reviewing;
  const reviewerId = principal.developerId;
  // Before the submission is locked: whoever waits for it must not be waited for here.
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
  if (isNew) await tell(tx, row, { ...reviewing, action: "review.claimed" });
  return claimed;
}

/** Gives a submission back to the queue. */
export async function release(tx: Queryable, reviewing: Reviewing): Promise<Review> {
  const reviewerId = reviewing.principal.developerId;
  const row = await lockReview(tx, reviewing.id);
  if (!row) throw missingReview();
  requireReviewAction("release", row, reviewerId);
  await clearClaim(tx, row.id);
  await insertEvent(tx, row, { event: "released", by: "reviewer" });
  const released = await reviewAgain(tx, row.id, reviewerId);
  await tell(tx, row, { ...reviewing, action: "review.released" });
  return released;
}

/** In the developer's trail, by a session that says nothing of who it is. */
async function tell(
  tx: Queryable,
  row: ReviewRow,
  { principal, requestId, action }: Reviewing & { action: string },
): Promise<void> {
  await appendOutbox(tx, {
    developerId: row.developer_id,
    actor: principal.actor,
    requestId,
    action,
    target: { type: "review", id: row.id },
    payload: { package_id: row.package_id, version_code: row.version_code },
  });
}

async function reviewAgain(tx: Queryable, id: string, reviewerId: string): Promise<Review> {
  const row = await findReview(tx, id);
  if (!row) throw new Error("A submission is gone that was locked.");
  return reviewOf(await withNameCheck(tx, row), reviewerId);
}
