import { etagOf } from "@mosis/http";
import type { App, AppSummary, PendingListing } from "@mosis/types/apps";
import type { Viewer } from "../../access/principal.ts";
import { allowedAppActions, type AppFacts } from "./lifecycle.ts";
import type { AppRow, AppSummaryRow } from "./queries.ts";

/** Returns the app as the viewer sees it. */
export function appFor(viewer: Viewer, row: AppRow): App {
  return { ...appOf(row), allowed_actions: allowedAppActions(factsOf(row), viewer) };
}

export function appSummaryFor(viewer: Viewer, row: AppSummaryRow): AppSummary {
  return { ...appSummaryOf(row), allowed_actions: allowedAppActions(factsOf(row), viewer) };
}

/** Returns the fields of the app that do not depend on the reader, for the audit trail. */
export function appOf(row: AppRow): Omit<App, "allowed_actions"> {
  return { ...appSummaryOf(row), description: row.description, pending_listing: pendingOf(row) };
}

function pendingOf(row: AppRow): PendingListing | null {
  const { pending_id: id, pending_name: name, pending_category: category, pending_submitted_at: at } = row;
  return id === null || name === null || at === null ? null : { id, name, category, submitted_at: at };
}

function appSummaryOf(row: AppSummaryRow): Omit<AppSummary, "allowed_actions"> {
  return {
    id: row.id,
    package_id: row.package_id,
    name: row.name,
    category: row.category,
    tags: row.tags,
    status: row.status,
    suspended_by: row.suspended_by,
    suspend_reason: row.suspend_reason,
    signing_key: row.signing_key,
    latest_version: latestOf(row),
    rollout_version: rolloutOf(row),
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

function latestOf(row: AppSummaryRow): App["latest_version"] {
  const { latest_code: version_code, latest_name: version_name } = row;
  return version_code === null || version_name === null ? null : { version_code, version_name };
}

function rolloutOf(row: AppSummaryRow): App["rollout_version"] {
  const { rollout_code: version_code, rollout_name: version_name, rollout_percent, is_rollout_halted } = row;
  if (version_code === null || version_name === null || rollout_percent === null) return null;
  return { version_code, version_name, rollout_percent, is_halted: is_rollout_halted === true };
}

export function factsOf(row: AppSummaryRow): AppFacts {
  const { status, suspended_by, signing_key } = row;
  const has_release = row.latest_code !== null || row.is_rollout_halted === false;
  return { status, suspended_by, signing_key, has_release };
}

/** Returns the ETag of everything that the answer contains. */
export function tagOf(app: App): string {
  return etagOf(JSON.stringify(app));
}
