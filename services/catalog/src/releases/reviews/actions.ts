import { etagOf, type Problem, problem } from "@mosis/http";
import { type Review, ReviewAction, type ReviewState } from "@mosis/types/reviews";
import type { Static } from "typebox";
import type { Principal } from "../../access/principal.ts";
import { type Refusal, stateConflict } from "../../shared/refusal.ts";
import { checksNow, publishRefusal } from "./checks.ts";
import { type ReviewRow, Shown } from "./queries.ts";

/**
 * Requires a reviewer.
 * @returns the id of the reviewer.
 * @throws Problem `permission_missing` for everybody else, whatever they ask for.
 */
export function requireReviewer({ role, developerId }: Principal): string {
  if (role === "reviewer" || role === "admin") return developerId;
  throw problem("permission_missing", "Only a signed-in reviewer may do this.");
}

/** Returns a submission as a reviewer sees it. */
export function reviewOf(row: ReviewRow, reviewerId: string): Review {
  const { developer_id, claimed_by, claimed_until } = row;
  return {
    ...shownOf(row),
    checks: row.state === "waiting" ? checksNow(row.checks, row) : row.checks,
    claim: claimed_until === null ? null : { by_me: claimed_by === reviewerId, until: claimed_until },
    allowed_actions: ReviewAction.enum.filter(
      (action) => developer_id !== reviewerId && refusalOf(action, row, reviewerId) === null,
    ),
  };
}

/**
 * Refuses an action that is not allowed.
 * @param row as it is in the transaction, locked.
 * @throws Problem `permission_missing` (403) for the reviewer's own app, `state_conflict` (409) with the
 * remedy.
 */
export function requireReviewAction(action: ReviewAction, row: ReviewRow, reviewerId: string): void {
  if (row.developer_id === reviewerId) {
    throw problem("permission_missing", "You own this app: another reviewer has to review it.");
  }
  const refusal = refusalOf(action, row, reviewerId);
  if (refusal) throw stateConflict("The submission", refusal);
}

/**
 * Returns the ETag of a submission as a reviewer sees it. It includes `claim`, which differs for each
 * reviewer.
 */
export function tagOf(review: Review): string {
  return etagOf(JSON.stringify(review));
}

export function missingReview(): Problem {
  return problem("not_found", "There is no such review.");
}

const shownNames = Object.keys(Shown.properties) as (keyof typeof Shown.properties)[];

function shownOf(row: ReviewRow): Static<typeof Shown> {
  return Object.fromEntries(shownNames.map((name) => [name, row[name]])) as Static<typeof Shown>;
}

export const endings: Record<Exclude<ReviewState, "waiting">, string> = {
  approved: "was approved already",
  rejected: "was rejected already",
  withdrawn: "was withdrawn by its developer",
  superseded: "was superseded by a newer one of the same app",
};

function refusalOf(action: ReviewAction, row: ReviewRow, reviewerId: string): Refusal | null {
  const { state, claimed_by, claimed_until } = row;
  if (state !== "waiting") {
    const fix = "Nothing has to be done: take the next one from GET /v1/reviews.";
    return { code: `review_${state}`, message: endings[state], fix };
  }
  if (claimed_by === reviewerId) return action === "approve" ? approvalRefusal(row) : null;
  if (claimed_by !== null) {
    const message = `is claimed by another reviewer until ${claimed_until}`;
    return { code: "review_claimed", message, fix: "Take another one from GET /v1/reviews?claimed=false." };
  }
  if (action === "claim") return null;
  return { code: "review_unclaimed", message: "is not claimed by you", fix: "Claim it first, with :claim." };
}

/** A version that can never be published is not approved: its developer would wait for nothing. */
function approvalRefusal(row: ReviewRow): Refusal | null {
  const refusal = publishRefusal(row);
  if (!refusal) return null;
  const fix = "Reject or release it: its developer sees why, and has to withdraw it and submit another.";
  return { code: refusal.code, message: `is for a version that ${refusal.message}`, fix };
}
