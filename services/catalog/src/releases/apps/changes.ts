import type { IncomingMessage } from "node:http";
import { problem, requestId, requireMatch } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import type { App, AppAction, AppChange, NewApp } from "@mosis/types/apps";
import { topics } from "@mosis/types/topics";
import { settleIdentity } from "../listings/propose.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { type Principal, reachOf, type Viewer, viewerOf } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { missingApp } from "../../access/apps.ts";
import { appFor, appOf, factsOf, tagOf } from "./app.ts";
import { requireAppAction } from "./lifecycle.ts";
import { type AppRow, insertApp, isRetired, lockApp, readApp, updateApp } from "./queries.ts";

/** Of whom and for what somebody asks. */
export interface Asked {
  req: IncomingMessage;
  principal: Principal;
  packageId: string;
}

export async function createApp(tx: Queryable, asked: Asked, body: NewApp): Promise<App> {
  const created = await insertApp(tx, asked.principal.developerId, body);
  if (!created || (await isRetired(tx, body.package_id))) {
    throw problem("package_id_taken", `${body.package_id} is taken: choose another package_id.`);
  }
  return finish(tx, asked, created.id, "created");
}

export async function changeApp(tx: Queryable, asked: Asked, change: AppChange): Promise<App> {
  const { row, viewer } = await lockFor(tx, asked, "change");
  const { name, category } = await settleIdentity(tx, row, viewer, change);
  const { description, tags } = { ...row, ...change };
  const changed = appFor(viewer, { ...(await readApp(tx, row.id)), name, description, category, tags });
  if (tagOf(changed) === tagOf(appFor(viewer, row))) return changed;
  await updateApp(
    tx,
    row.id,
    sql`name = ${name}, description = ${description}, category = ${category}, tags = ${tags}`,
  );
  return finish(tx, asked, row.id, "changed");
}

/** @param apply what the action does with the locked app. */
export async function actOnApp(
  tx: Queryable,
  asked: Asked,
  { name, done, access }: { name: AppAction; done: string; access: "apps:write" | "session" },
  apply: AppStep,
): Promise<App> {
  const { row, viewer } = await lockFor(tx, asked, name);
  // A stolen session must not be enough for what a leaked key must not do.
  if (access === "session") await requireRecent(tx, asked.principal);
  await apply(tx, row, viewer);
  return finish(tx, asked, row.id, done);
}

export type AppStep = (tx: Queryable, app: AppRow, viewer: Viewer) => Promise<unknown>;

/**
 * The app, which nobody else changes before the commit, when the client has seen it as it is and may do this
 * with it.
 */
export async function lockFor(tx: Queryable, { req, principal, packageId }: Asked, action: AppAction) {
  const row = await lockApp(tx, reachOf(principal), packageId);
  if (!row) throw missingApp();
  const viewer = viewerOf(principal, row.developer_id);
  requireMatch(req, tagOf(appFor(viewer, row)));
  requireAppAction(action, factsOf(row), viewer);
  return { row, viewer };
}

/**
 * Appends what an app is now. In the same transaction as the change: a change without its audit event must be
 * impossible.
 */
async function finish(tx: Queryable, { req, principal }: Asked, id: string, done: string): Promise<App> {
  const row = await readApp(tx, id);
  await appendOutbox(tx, {
    // In the trail of whose app it is, also when an admin has done it.
    developerId: row.developer_id,
    actor: principal.actor,
    requestId: requestId(req),
    action: `app.${done}`,
    target: { type: "app", id },
    payload: appOf(row),
    state: { topic: topics.apps, key: id },
  });
  return appFor(viewerOf(principal, row.developer_id), row);
}
