import { problem } from "@mosis/http";
import { type Queryable, snapshot } from "@mosis/postgres";
import { reviewCodes, type VersionReview } from "@mosis/types/reviews";
import type { Call } from "../../access/call.ts";
import { type Principal, reachOf, viewerOf } from "../../access/principal.ts";
import { allowedVersionActions } from "../versions/lifecycle.ts";
import { findVersion } from "../versions/queries.ts";
import { missingVersion } from "../versions/version.ts";
import { checksNow, publishRefusal } from "./checks.ts";
import { countAhead, findLastReview, listTimeline, readWaits } from "./version-review-queries.ts";
import { waitsFor } from "./waiting.ts";

/**
 * Returns the last submission of a version, for its developer.
 * @throws Problem `not_found` when there is no such version within reach, or it was never submitted.
 */
export function readVersionReview(
  { db, principal }: Call,
  version: { packageId: string; code: number },
): Promise<VersionReview> {
  // The snapshot makes a concurrent decision appear in all of the answer, or in none of it.
  return snapshot(db, (own) => readFrom(own, principal, version));
}

async function readFrom(
  own: Queryable,
  principal: Principal,
  { packageId, code }: { packageId: string; code: number },
): Promise<VersionReview> {
  const version = await findVersion(own, reachOf(principal), packageId, code);
  if (!version) throw missingVersion();
  const last = await findLastReview(own, version.id);
  if (!last) throw problem("not_found", "This version was never submitted: submit it with :submit.");
  const isWaiting = last.state === "waiting";
  const position = isWaiting ? (await countAhead(own, last.id)) + 1 : null;
  const { p50, p90 } = await readWaits(own);
  const { id, state, submitted_at, ended_at, codes, notes, claimed_until } = last;
  const { package_id, version_code, status } = version;
  return {
    id,
    package_id,
    version_code,
    version_status: status,
    state,
    waits: waitsFor({ status, state, claimed_until, position, refusal: publishRefusal(version) }),
    submitted_at,
    ended_at,
    position,
    wait_p50_seconds: p50,
    wait_p90_seconds: p90,
    checks: isWaiting ? checksNow(last.checks, version) : last.checks,
    faults: codes.map((code) => ({ code, fix: reviewCodes[code] })),
    notes,
    timeline: await listTimeline(own, version.id),
    allowed_actions: allowedVersionActions(version, viewerOf(principal, version.developer_id)),
  };
}
