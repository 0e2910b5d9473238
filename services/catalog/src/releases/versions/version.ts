import { etagOf, type Problem, problem } from "@mosis/http";
import type { Version } from "@mosis/types/versions";
import type { Viewer } from "../../access/principal.ts";
import { allowedVersionActions, availabilityOf } from "./lifecycle.ts";
import type { VersionRow } from "./queries.ts";

/** Returns the version as the viewer sees it. */
export function versionFor(viewer: Viewer, row: VersionRow): Version {
  return { ...versionOf(row), allowed_actions: allowedVersionActions(row, viewer) };
}

/** Returns the fields of the version that do not depend on the reader, for the audit trail. */
export function versionOf(row: VersionRow): Omit<Version, "allowed_actions"> {
  const { id, package_id, version_code, version_name, package_url, package_size, package_digest } = row;
  const { signature, signing_key, permissions, min_mosis_version, release_notes, status } = row;
  const { rollout_percent, halted_at, halt_reason, yanked_at, yank_reason, review_notes } = row;
  const { submitted_at, published_at, created_at, updated_at } = row;
  return {
    id,
    package_id,
    version_code,
    version_name,
    package_url,
    package_size,
    package_digest,
    signature,
    signing_key,
    permissions,
    min_mosis_version,
    release_notes,
    status,
    availability: availabilityOf(row),
    rollout_percent,
    halted_at,
    halt_reason,
    yanked_at,
    yank_reason,
    review_notes,
    submitted_at,
    published_at,
    created_at,
    updated_at,
  };
}

/**
 * Returns the ETag of everything that the answer contains, so also of what the app or another version changes
 * in it.
 */
export function tagOf(version: Version): string {
  return etagOf(JSON.stringify(version));
}

/**
 * The answer for a missing app or version: a client that may not see the app learns nothing about its
 * versions.
 */
export function missingVersion(): Problem {
  return problem("not_found", "There is no such version.");
}
