import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import { submissionChecks } from "./checks.ts";
import { insertEvent, updateEnd } from "./queries.ts";
import { countOfDay, insertReview, lockWaiting, readSubmitted } from "./submission-queries.ts";

/** Of one app: every submission and its checks are kept, also when its version is deleted. */
const submissionsPerDayMax = 50;

/**
 * Puts a version that is in review now into the queue. For the transaction that submits it, with the app
 * locked.
 * @throws Problem `quota_exceeded` when the app was submitted too often today.
 */
export async function openReview(tx: Queryable, versionId: string): Promise<void> {
  const submitted = await readSubmitted(tx, versionId);
  const { app_id: appId, developer_id: developerId } = submitted;
  if ((await countOfDay(tx, appId)) >= submissionsPerDayMax) {
    const detail = `An app has ${submissionsPerDayMax} submissions in 24 hours: submit it later.`;
    throw problem("quota_exceeded", detail, { headers: { "Retry-After": "3600" } });
  }
  const checks = await submissionChecks(tx, submitted);
  const id = newId();
  await insertReview(tx, { id, versionId, appId, developerId, checks });
  await insertEvent(tx, { id, developer_id: developerId }, { event: "submitted", by: "developer" });
}

/**
 * Takes the submission of an app that waits out of the queue. For the transaction that takes its version out
 * of review, with the app locked.
 */
export async function closeReview(
  tx: Queryable,
  appId: string,
  how: "withdrawn" | "superseded",
): Promise<void> {
  const waiting = await lockWaiting(tx, appId);
  if (!waiting) throw new Error("A version was in review that nobody had to review.");
  const { id, checks } = waiting;
  await updateEnd(tx, id, { state: how, decidedBy: null, codes: [], notes: null, checks });
  const by = how === "withdrawn" ? "developer" : "platform";
  await insertEvent(tx, waiting, { event: how, by });
}
