import type { IncomingMessage } from "node:http";
import { requestId, requireMatch } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import type { Review } from "@mosis/types/reviews";
import { appendOutbox } from "../../changes/outbox/append.ts";
import type { Principal } from "../../access/principal.ts";
import { readVersion, updateVersion } from "../versions/queries.ts";
import { versionOf } from "../versions/version.ts";
import { missingReview, requireReviewAction, reviewOf, tagOf } from "./actions.ts";
import { withNameCheck } from "./name-check.ts";
import { findReview, insertEvent, lockReview, lockSubject, updateEnd } from "./queries.ts";

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
  const before = reviewOf(await withNameCheck(tx, row), reviewerId);
  requireMatch(req, tagOf(before));
  requireReviewAction(decision.state === "approved" ? "approve" : "reject", row, reviewerId);

  const { state, codes, notes } = decision;
  await updateEnd(tx, row.id, { state, decidedBy: reviewerId, codes, notes, checks: before.checks });
  await updateVersion(tx, row.version_id, sql`status = ${state}, review_notes = ${notes}`);
  await insertEvent(tx, row, { event: state, by: "reviewer" });
  const [ended, version] = [await findReview(tx, row.id), await readVersion(tx, row.version_id)];
  if (!ended) throw new Error("A submission is gone that was locked.");
  await appendOutbox(tx, {
    developerId: row.developer_id,
    // A session, which says nothing of who it is.
    actor: principal.actor,
    requestId: requestId(req),
    action: `version.${state}`,
    target: { type: "version", id: row.version_id },
    payload: { ...versionOf(version), review_id: row.id, review_codes: codes },
  });
  return reviewOf(ended, reviewerId);
}
