import { requestId } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import { deleteAppOfKeys, deleteKeysOfApp, lockKeysOfApp } from "../../keys/of-app-queries.ts";
import { findOwnKey } from "../../keys/queries.ts";
import { appendAll, type Change } from "../../changes/outbox/append.ts";
import { appDeleted, type By, keyDeleted } from "../../changes/outbox/events.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { deleteRestrictionsOfApp } from "../../telemetry-rules/restrictions/queries.ts";
import { restrictionChange } from "../../telemetry-rules/restrictions/events.ts";
import { appOf } from "./app.ts";
import { type Asked, lockFor } from "./changes.ts";
import { type AppRow, deleteLockedApp } from "./queries.ts";

/** Deletes an app for good, with everything that is of it alone. */
export async function deleteApp(tx: Queryable, asked: Asked): Promise<void> {
  const { row } = await lockFor(tx, asked, "delete");
  await requireRecent(tx, asked.principal);
  const { actor } = asked.principal;
  await deleteWithDependents(tx, row, { actor, requestId: requestId(asked.req) });
}

/**
 * Its versions, the keys and the restrictions that are of it alone go with it; other keys serve it no more.
 * Each of them is told, or ingest would go by it for ever. The package id of one that was published is never
 * given again.
 * @param app locked for update, so that no new key comes to serve it.
 */
async function deleteWithDependents(tx: Queryable, app: AppRow, by: Omit<By, "developerId">): Promise<void> {
  // Whoever changes one of them has done so before its state is read, or waits until this one is told.
  await lockKeysOfApp(tx, app.id);
  const keys = await deleteKeysOfApp(tx, app.id);
  const others = await deleteAppOfKeys(tx, app.id);
  const restrictions = await deleteRestrictionsOfApp(tx, app.developer_id, app.id);
  await deleteLockedApp(tx, app.id);
  const common = { developerId: app.developer_id, ...by };
  const kept: Change[] = [];
  for (const { key_id } of others) kept.push(await keptKey(tx, common, key_id));
  await appendAll(tx, [
    ...restrictions.map((row) => restrictionChange(row, { ...by, what: "ended" })),
    ...keys.map((key) => keyDeleted(common, key)),
    ...kept,
    appDeleted(common, appOf(app)),
  ]);
}

async function keptKey(tx: Queryable, common: By, id: string): Promise<Change> {
  const key = await findOwnKey(tx, { developerId: common.developerId, appIds: null }, id);
  if (!key) throw new Error("A key of an app is not one of its developer.");
  return {
    ...common,
    action: "key.changed",
    target: { type: "key", id },
    payload: key,
    state: { topic: topics.keys, key: id },
  };
}
