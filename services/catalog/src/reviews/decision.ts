import type { IncomingMessage } from "node:http";
import { requestId, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Review } from "@mosis/types/reviews";
import { appendOutbox } from "../outbox/append.ts";
import type { Principal } from "../principal.ts";
import { missingReview, requireReviewAction, reviewOf, tagOf } from "./actions.ts";
import { findReview, insertEvent, lockReview, lockSubject, updateEnd, updateReviewed } from "./queries.ts";

export interface Decision {
  state: "approved" | "rejected";
  codes: string[];
  notes: string | null;
}

/**
 * Ends a submission with a decision, and its version with it. Of two at once, and of a decision and a newer
 * submission, one comes first: all of them lock the app before anything else.
 */
export async function decide(
  tx: Queryable,
  req: IncomingMessage,
  { principal, id, decision }: { principal: Principal; id: string; decision: Decision },
): Promise<Review> {
  const reviewerId = principal.developerId;
  const found = await findReview(tx, id);
  if (!found) throw missingReview();
  await lockSubject(tx, found);
  const row = await lockReview(tx, id);
  if (!row) throw missingReview();
  const before = reviewOf(row, reviewerId);
  requireMatch(req, tagOf(before));
  requireReviewAction(decision.state === "approved" ? "approve" : "reject", row, reviewerId);

  const { state, codes, notes } = decision;
  await updateEnd(tx, row.id, { state, decidedBy: reviewerId, codes, notes, checks: before.checks });
  const changed = await updateReviewed(tx, row.version_id, { status: state, notes });
  if (changed !== 1) throw new Error("A submission waited whose version was not in review.");
  await insertEvent(tx, row, { event: state, by: "reviewer" });
  const ended = await findReview(tx, row.id);
  if (!ended) throw new Error("A submission is gone that was locked.");
  await appendOutbox(tx, {
    developerId: row.developer_id,
    // A session, which says nothing of who it is.
    actor: principal.actor,
    requestId: requestId(req),
    action: `version.${state}`,
    target: { type: "version", id: row.version_id },
    payload: {
      ...{ package_id: row.package_id, version_code: row.version_code, review_id: row.id },
      ...{ status: state, codes, notes },
    },
  });
  return reviewOf(ended, reviewerId);
}
