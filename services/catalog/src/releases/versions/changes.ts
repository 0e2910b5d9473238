import { problem, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import type { NewVersion, Version, VersionAction, VersionChange } from "@mosis/types/versions";
import { missingApp } from "../../access/apps.ts";
import type { Call } from "../../access/call.ts";
import { reachOf, viewerOf } from "../../access/principal.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { stateConflict } from "../../shared/refusal.ts";
import { lockApp } from "../apps/queries.ts";
import type { DeveloperAction } from "./actions.ts";
import { requireVersionAction } from "./lifecycle.ts";
import * as queries from "./queries.ts";
import { requireSignature } from "./signature.ts";
import { missingVersion, tagOf, versionFor, versionOf } from "./version.ts";

// Every change of a version locks its app first. Changes of one app therefore happen one after the other, and
// what is read after the lock holds until the commit.

/**
 * The maximum for one app, drafts included.
 * @limit versions of an app, drafts included
 */
const versionsMax = 2000;

/** A version, identified by its app and its code. */
interface VersionId {
  packageId: string;
  code: number;
}

export async function createVersion(
  tx: Queryable,
  call: Call,
  packageId: string,
  body: NewVersion,
): Promise<Version> {
  const app = await lockApp(tx, reachOf(call.principal), packageId);
  if (!app) throw missingApp();
  await requireNewCode(tx, app, body.version_code);
  const key = await requireSignature(tx, app.developer_id, body);
  const created = await queries.insertVersion(tx, app, { ...body, signing_key_id: key.id });
  if (!created) {
    const detail = `Version ${body.version_code} exists already: choose a greater version_code.`;
    throw problem("version_code_taken", detail);
  }
  return finish(tx, call, created.id, { done: "created" });
}

export async function changeVersion(
  tx: Queryable,
  call: Call,
  id: VersionId,
  change: VersionChange,
): Promise<Version> {
  const { row, version } = await lockVersion(tx, call, id, "change");
  const { signing_key = row.signing_key } = change;
  if (signing_key === null) {
    throw problem("reference_unknown", "The signing key is gone: name another one with signing_key.");
  }
  const wanted = { ...version, ...change, signing_key };
  if (row.status === "draft" && tagOf(wanted) === tagOf(version)) return version;
  const key = await requireSignature(tx, row.developer_id, wanted);
  await queries.updateDraft(tx, row.id, { ...wanted, signing_key_id: key.id });
  return finish(tx, call, row.id, { done: "changed" });
}

export async function deleteVersion(tx: Queryable, call: Call, id: VersionId): Promise<void> {
  const { row } = await lockVersion(tx, call, id, "delete");
  await queries.deleteVersion(tx, row.id);
  await record(tx, authorOf(call, row.developer_id), versionEvent(row, { done: "deleted" }));
}

/** @param apply what the action does, from its `prepare`. */
export async function actOnVersion(
  tx: Queryable,
  call: Call,
  id: VersionId,
  { action, apply }: { action: DeveloperAction; apply: ReturnType<DeveloperAction["prepare"]> },
): Promise<Version> {
  const { row } = await lockVersion(tx, call, id, action.name);
  const superseded = await apply(tx, row);
  const others = superseded ? [await queries.readVersion(tx, superseded.id)] : [];
  return finish(tx, call, row.id, { done: action.done, releases: action.releases, superseded: others });
}

/**
 * Locks the version until the commit, after checking that the client has seen its current state and may do
 * this with it.
 * @throws Problem `not_found`, `precondition_required`, `precondition_failed`, `state_conflict`.
 */
async function lockVersion(
  tx: Queryable,
  { principal, ifMatch }: Call,
  { packageId, code }: VersionId,
  action: VersionAction,
) {
  const reach = reachOf(principal);
  const app = await lockApp(tx, reach, packageId);
  const row = app && (await queries.findVersion(tx, reach, packageId, code));
  if (!row) throw missingVersion();
  const viewer = viewerOf(principal, row.developer_id);
  const version = versionFor(viewer, row);
  requireMatch(ifMatch, tagOf(version));
  requireVersionAction(action, row, viewer);
  return { row, version };
}

/**
 * Refuses at once a code that could never be published.
 * @param app locked.
 * @throws Problem `state_conflict` (409).
 */
async function requireNewCode(
  tx: Queryable,
  app: { id: string; published_code_max: number | null },
  code: number,
): Promise<void> {
  const published = app.published_code_max;
  if (published !== null && code <= published) {
    throw stateConflict(`Version ${code}`, {
      code: "version_code_too_small",
      message: `is not newer than version ${published}, which was published`,
      fix: `Choose a version_code above ${published}.`,
    });
  }
  if ((await queries.countVersions(tx, app.id, versionsMax)) < versionsMax) return;
  throw stateConflict("The app", {
    code: "versions_full",
    message: `has ${versionsMax} versions`,
    fix: "Delete drafts that you do not need.",
  });
}

interface Done {
  done: string;
  /** True when devices may get something else afterwards. */
  releases?: boolean;
  /** The versions that this one has superseded. */
  superseded?: queries.VersionRow[];
}

/** Records the version's new state in the trail of its developer, also when an admin has changed it. */
async function finish(tx: Queryable, call: Call, id: string, done: Done): Promise<Version> {
  const row = await queries.readVersion(tx, id);
  const more = { superseded_by: row.version_code };
  await record(
    tx,
    authorOf(call, row.developer_id),
    versionEvent(row, done),
    ...(done.superseded ?? []).map((other) => versionEvent(other, { done: "superseded" }, more)),
  );
  return versionFor(viewerOf(call.principal, row.developer_id), row);
}

function versionEvent(
  row: queries.VersionRow,
  { done, releases = false }: Done,
  more: { superseded_by?: number } = {},
): Event {
  return {
    action: `version.${done}`,
    target: { type: "version", id: row.id },
    payload: { ...versionOf(row), ...more },
    ...(releases ? { state: { topic: topics.apps, key: row.app_id } } : {}),
  };
}
