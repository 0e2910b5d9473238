import { type Problem, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { reviewCodes, type VersionReview } from "@mosis/types/reviews";
import { type Principal, reachOf, tenantOf } from "../principal.ts";
import { allowedVersionActions } from "../versions/lifecycle.ts";
import { checksNow, publishRefusal } from "./checks.ts";
import { countAhead, findLastReview, listTimeline, readWaits } from "./version-review-queries.ts";
import { waitsFor } from "./waiting.ts";

/** The last submission of a version, for its developer. */
export async function readVersionReview(
  db: Pool,
  principal: Principal,
  { packageId, code }: { packageId: string; code: number },
): Promise<VersionReview> {
  const own = db.as(tenantOf(principal));
  const found = await findLastReview(own, reachOf(principal), { packageId, code });
  if (!found) throw missingVersionReview();
  const position = found.state === "waiting" ? (await countAhead(own, found.id)) + 1 : null;
  const { p50, p90 } = await readWaits(own);
  const checks = found.state === "waiting" ? checksNow(found.checks, found) : found.checks;
  const isDeveloper = found.developer_id === principal.developerId;
  return {
    ...{ id: found.id, package_id: found.package_id, version_code: found.version_code },
    ...{ version_status: found.status, state: found.state },
    waits: waitsFor({ ...found, position, refusal: publishRefusal(found) }),
    ...{ submitted_at: found.submitted_at, ended_at: found.ended_at, position },
    ...{ wait_p50_seconds: p50, wait_p90_seconds: p90, checks },
    faults: found.codes.map((code) => ({ code, fix: reviewCodes[code] })),
    notes: found.notes,
    timeline: await listTimeline(own, found.version_id),
    allowed_actions: allowedVersionActions(found, { role: principal.role, isDeveloper }),
  };
}

/** One answer for both: whose version is somebody else's was never submitted either. */
export function missingVersionReview(): Problem {
  return problem("not_found", "There is no such version, or it was never submitted.");
}
