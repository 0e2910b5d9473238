import type { IncomingMessage } from "node:http";
import { problem, requestId, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import type { NewVersion, Version, VersionAction, VersionChange } from "@mosis/types/versions";
import { lockApp } from "../apps/queries.ts";
import { type Change, appendOutbox } from "../../changes/outbox/append.ts";
import { type Principal, reachOf, viewerOf } from "../../access/principal.ts";
import type { DeveloperAction } from "./actions.ts";
import { requireVersionAction } from "./lifecycle.ts";
import { missingApp } from "../../access/apps.ts";
import { missingVersion } from "./missing.ts";
import * as queries from "./queries.ts";
import { requireNewCode } from "./new-code.ts";
import { requireSignature } from "./signature.ts";
import { tagOf, versionFor, versionOf } from "./version.ts";

// Every change of a version locks its app first, so of one app they happen one after the other, and what is
// read after the lock holds until the commit.

/** Of whom and for what somebody asks. */
export interface Asked {
  req: IncomingMessage;
  principal: Principal;
  packageId: string;
}

export async function createVersion(tx: Queryable, asked: Asked, body: NewVersion): Promise<Version> {
  const app = await lockApp(tx, reachOf(asked.principal), asked.packageId);
  if (!app) throw missingApp();
  await requireNewCode(tx, app, body.version_code);
  const key = await requireSignature(tx, app.developer_id, body);
  const created = await queries.insertVersion(tx, app, { ...body, signing_key_id: key.id });
  if (!created) {
    const detail = `There is a version ${body.version_code}: choose a greater version_code.`;
    throw problem("version_code_taken", detail);
  }
  const row = await queries.readVersion(tx, created.id);
  await tell(tx, asked, row, { done: "created" });
  return versionFor(viewerOf(asked.principal, row.developer_id), row);
}

export async function changeVersion(
  tx: Queryable,
  asked: Asked & { code: number },
  change: VersionChange,
): Promise<Version> {
  const { row, version } = await lockVersion(tx, asked, "change");
  const { signing_key = row.signing_key } = change;
  if (signing_key === null) {
    throw problem("reference_unknown", "The signing key is gone: name another one with signing_key.");
  }
  const wanted = { ...version, ...change, signing_key };
  if (row.status === "draft" && tagOf(wanted) === tagOf(version)) return version;
  const key = await requireSignature(tx, row.developer_id, wanted);
  await queries.updateDraft(tx, row.id, { ...wanted, signing_key_id: key.id });
  return finish(tx, asked, row.id, { done: "changed" });
}

export async function deleteVersion(tx: Queryable, asked: Asked & { code: number }): Promise<void> {
  const { row } = await lockVersion(tx, asked, "delete");
  await queries.deleteVersion(tx, row.id);
  await tell(tx, asked, row, { done: "deleted" });
}

/** @param apply what the action does, from its `prepare`. */
export async function actOnVersion(
  tx: Queryable,
  asked: Asked & { code: number },
  { name, done, releases }: DeveloperAction,
  apply: ReturnType<DeveloperAction["prepare"]>,
): Promise<Version> {
  const { row } = await lockVersion(tx, asked, name);
  const superseded = await apply(tx, row);
  const others = superseded ? [await queries.readVersion(tx, superseded.id)] : [];
  const version = await finish(tx, asked, row.id, { done, releases });
  for (const other of others) {
    await tell(tx, asked, other, { done: "superseded", superseded_by: row.version_code });
  }
  return version;
}

/**
 * The version, which nobody else changes before the commit, when the client has seen it as it is and may do
 * this with it.
 */
async function lockVersion(tx: Queryable, asked: Asked & { code: number }, action: VersionAction) {
  const { req, principal, packageId, code } = asked;
  const reach = reachOf(principal);
  const app = await lockApp(tx, reach, packageId);
  const row = app && (await queries.findVersion(tx, reach, packageId, code));
  if (!row) throw missingVersion();
  const viewer = viewerOf(principal, row.developer_id);
  const version = versionFor(viewer, row);
  requireMatch(req, tagOf(version));
  requireVersionAction(action, row, viewer);
  return { row, version };
}

async function finish(tx: Queryable, asked: Asked, id: string, told: Told): Promise<Version> {
  const row = await queries.readVersion(tx, id);
  await tell(tx, asked, row, told);
  return versionFor(viewerOf(asked.principal, row.developer_id), row);
}

interface Told {
  done: string;
  releases?: boolean;
  superseded_by?: number;
}

async function tell(
  tx: Queryable,
  { req, principal }: Asked,
  row: queries.VersionRow,
  { done, releases = false, ...more }: Told,
): Promise<void> {
  const change: Change = {
    // In the trail of whose app it is, also when an admin has done it.
    developerId: row.developer_id,
    actor: principal.actor,
    requestId: requestId(req),
    action: `version.${done}`,
    target: { type: "version", id: row.id },
    payload: { ...versionOf(row), ...more },
  };
  await appendOutbox(tx, releases ? { ...change, state: { topic: topics.apps, key: row.app_id } } : change);
}
