import { requestId } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { AuditActor } from "@mosis/types/audit";
import { topics } from "@mosis/types/topics";
import { deleteAppOfKeys, deleteKeysOfApp, findKeyState, findOwnKey } from "../keys/queries.ts";
import { appendOutbox, type Change } from "../outbox/append.ts";
import { deleteRestrictionsOfApp } from "../telemetry-restrictions/queries.ts";
import { appOf } from "./app.ts";
import { type Asked, lockFor } from "./changes.ts";
import { type AppRow, deleteLockedApp } from "./queries.ts";

/** Deletes an app for good, with everything that is of it alone. */
export async function deleteApp(tx: Queryable, asked: Asked): Promise<void> {
  const { row } = await lockFor(tx, asked, "delete");
  const { actor } = asked.principal;
  await deleteWithDependents(tx, row, { actor, requestId: requestId(asked.req) });
}

interface By {
  actor: AuditActor;
  requestId: string;
}

/**
 * Its versions, the keys and the restrictions that are of it alone go with it; other keys serve it no more.
 * Each of them is told, or ingest would go by it for ever. Its package id is never given again.
 * @param app locked for update, so that no new key comes to serve it.
 */
async function deleteWithDependents(tx: Queryable, app: AppRow, by: By): Promise<void> {
  const keys = await deleteKeysOfApp(tx, app.id);
  const others = await deleteAppOfKeys(tx, app.id);
  const restrictions = await deleteRestrictionsOfApp(tx, app.developer_id, app.id);
  await deleteLockedApp(tx, app.id);
  const common = { developerId: app.developer_id, ...by };
  const kept: Change[] = [];
  for (const { key_id } of others) kept.push(await keptKey(tx, common, key_id));
  const changes: Change[] = [
    ...restrictions.map((row) => goneRestriction(common, row)),
    ...keys.map((key) => goneKey(common, key)),
    ...kept,
    {
      ...common,
      action: "app.deleted",
      target: { type: "app", id: app.id },
      payload: appOf(app),
      state: { topic: topics.apps, key: app.id, value: null },
    },
  ];
  for (const change of changes) await appendOutbox(tx, change);
}

type Common = Pick<Change, "developerId" | "actor" | "requestId">;

function goneRestriction(common: Common, row: { id: string } & Record<string, unknown>): Change {
  return {
    ...common,
    action: "telemetry_restriction.ended",
    target: { type: "telemetry_restriction", id: row.id },
    payload: row,
    state: { topic: topics.restrictions, key: row.id, value: null },
  };
}

function goneKey(common: Common, key: { id: string } & Record<string, unknown>): Change {
  return {
    ...common,
    action: "key.deleted",
    target: { type: "key", id: key.id },
    payload: key,
    state: { topic: topics.keys, key: key.id, value: null },
  };
}

async function keptKey(tx: Queryable, common: Common, id: string): Promise<Change> {
  const key = await findOwnKey(tx, { developerId: common.developerId, appIds: null }, id);
  if (!key) throw new Error("A key of an app is not one of its developer.");
  return {
    ...common,
    action: "key.changed",
    target: { type: "key", id },
    payload: key,
    state: { topic: topics.keys, key: id, value: await findKeyState(tx, id) },
  };
}
