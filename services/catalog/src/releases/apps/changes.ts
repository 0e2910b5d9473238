import { problem, requireMatch } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import type { App, AppAction, AppChange, NewApp } from "@mosis/types/apps";
import type { Key } from "@mosis/types/keys";
import { topics } from "@mosis/types/topics";
import { missingApp } from "../../access/apps.ts";
import type { Call } from "../../access/call.ts";
import { reachOf, type Viewer, viewerOf } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { appDeleted, authorOf, keyDeleted, record } from "../../changes/outbox/record.ts";
import { keyEvent } from "../../keys/events.ts";
import { deleteAppOfKeys, deleteKeysOfApp, findOwnKey, lockKeysOfApp } from "../../keys/queries.ts";
import { restrictionEvent } from "../../telemetry-rules/restrictions/events.ts";
import { deleteRestrictionsOfApp } from "../../telemetry-rules/restrictions/queries.ts";
import { settleIdentity } from "../listings/changes.ts";
import type { AppActionRoute, AppStep } from "./actions.ts";
import { appFor, appOf, factsOf, tagOf } from "./app.ts";
import { requireAppAction } from "./lifecycle.ts";
import { deleteLockedApp, insertApp, isRetired, lockApp, readApp, updateApp } from "./queries.ts";

export async function createApp(tx: Queryable, call: Call, body: NewApp): Promise<App> {
  const created = await insertApp(tx, call.principal.developerId, body);
  if (!created || (await isRetired(tx, body.package_id))) {
    throw problem("package_id_taken", `${body.package_id} is taken: choose another package_id.`);
  }
  return finish(tx, call, created.id, "created");
}

export async function changeApp(
  tx: Queryable,
  call: Call,
  packageId: string,
  change: AppChange,
): Promise<App> {
  const { row, viewer } = await lockFor(tx, call, packageId, "change");
  const { name, category } = await settleIdentity(tx, row, viewer, change);
  const { description, tags } = { ...row, ...change };
  const changed = appFor(viewer, { ...(await readApp(tx, row.id)), name, description, category, tags });
  if (tagOf(changed) === tagOf(appFor(viewer, row))) return changed;
  await updateApp(
    tx,
    row.id,
    sql`name = ${name}, description = ${description}, category = ${category}, tags = ${tags}`,
  );
  return finish(tx, call, row.id, "changed");
}

/** @param apply what the action does with the locked app. */
export async function actOnApp(
  tx: Queryable,
  call: Call,
  packageId: string,
  { action, apply }: { action: AppActionRoute; apply: AppStep },
): Promise<App> {
  const { row, viewer } = await lockFor(tx, call, packageId, action.name);
  // A leaked key must not do this, and neither must a stolen session: it has to be recent.
  if (action.access === "session") await requireRecent(tx, call.principal);
  await apply(tx, row, viewer);
  return finish(tx, call, row.id, action.done);
}

/**
 * Deletes an app for good, with its versions and with the keys and restrictions that are only for it. Other
 * keys no longer serve it. Each of these changes is recorded; otherwise ingest would go by the old state for
 * ever. The package id of an app that was published is never given out again.
 */
export async function deleteApp(tx: Queryable, call: Call, packageId: string): Promise<void> {
  const { row: app } = await lockFor(tx, call, packageId, "delete");
  await requireRecent(tx, call.principal);
  // Another transaction that changes one of these keys has either committed before we read the key's state,
  // or waits until this one is recorded. The app is locked for update, so no new key can start to serve it.
  await lockKeysOfApp(tx, app.id);
  const keys = await deleteKeysOfApp(tx, app.id);
  const others = await deleteAppOfKeys(tx, app.id);
  const restrictions = await deleteRestrictionsOfApp(tx, app.developer_id, app.id);
  await deleteLockedApp(tx, app.id);
  const kept: Key[] = [];
  for (const { key_id } of others) kept.push(await readKeptKey(tx, app.developer_id, key_id));
  await record(
    tx,
    authorOf(call, app.developer_id),
    ...restrictions.map((row) => restrictionEvent(row, "ended")),
    ...keys.map((key) => keyDeleted(key)),
    ...kept.map((key) => keyEvent("key.changed", key)),
    appDeleted(appOf(app)),
  );
}

async function readKeptKey(tx: Queryable, developerId: string, id: string): Promise<Key> {
  const key = await findOwnKey(tx, { developerId, appIds: null }, id);
  if (!key) throw new Error("A key of an app is not one of its developer.");
  return key;
}

/**
 * Locks the app until the commit, after checking that the client has seen its current state and may do this
 * with it.
 * @throws Problem `not_found`, `precondition_required`, `precondition_failed`, `state_conflict`.
 */
async function lockFor(tx: Queryable, { principal, ifMatch }: Call, packageId: string, action: AppAction) {
  const row = await lockApp(tx, reachOf(principal), packageId);
  if (!row) throw missingApp();
  const viewer: Viewer = viewerOf(principal, row.developer_id);
  requireMatch(ifMatch, tagOf(appFor(viewer, row)));
  requireAppAction(action, factsOf(row), viewer);
  return { row, viewer };
}

/** Records the app's new state in the trail of its developer, also when an admin has changed it. */
async function finish(tx: Queryable, call: Call, id: string, done: string): Promise<App> {
  const row = await readApp(tx, id);
  const state = { topic: topics.apps, key: id };
  const event = { action: `app.${done}`, target: { type: "app", id }, payload: appOf(row), state };
  await record(tx, authorOf(call, row.developer_id), event);
  return appFor(viewerOf(call.principal, row.developer_id), row);
}
