import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import { credentialsInvalid } from "../auth.ts";
import { deleteKeysOf } from "../keys/queries.ts";
import { insertMail } from "../mails/queries.ts";
import { appendAll, type Change } from "../outbox/append.ts";
import type { Principal } from "../principal.ts";
import {
  countPublishedApps,
  deleteAppsOf,
  deleteDeveloper,
  deleteRestrictionsOf,
  lockWhole,
} from "./queries.ts";

/**
 * The account with everything that is its, and what telemetry knows of it. What people have installed does
 * not vanish from the store by the way: published apps are suspended first. The audit trail stays.
 * @throws Problem `state_conflict` (409), `confirmation_required` (403).
 */
export async function deleteAccount(
  tx: Queryable,
  {
    principal,
    confirmed,
    requestId,
  }: { principal: Principal; confirmed: { password_hash: string | null }; requestId: string },
): Promise<void> {
  const { developerId, actor } = principal;
  const account = await lockWhole(tx, developerId);
  if (!account) throw credentialsInvalid();
  if (account.password_hash !== confirmed.password_hash) {
    throw problem("confirmation_required", "The password was changed meanwhile.");
  }
  await requireDeletable(tx, developerId, account.role);
  const restrictions = await deleteRestrictionsOf(tx, developerId);
  const keys = await deleteKeysOf(tx, developerId);
  const apps = await deleteAppsOf(tx, developerId);
  // What else refers to the developer goes with it.
  await deleteDeveloper(tx, developerId);
  await insertMail(tx, { developerId, kind: "account_deleted", recipient: account.email, requestId });

  const by = { developerId, actor, requestId };
  const changes: Change[] = [
    ...restrictions.map((row) => ({
      ...by,
      developerId: row.developer_id ?? row.created_by,
      action: "telemetry_restriction.lifted",
      target: { type: "telemetry_restriction", id: row.id },
      payload: row,
      state: { topic: topics.restrictions, key: row.id, value: null },
    })),
    ...keys.map((key) => ({
      ...by,
      action: "key.deleted",
      target: { type: "key", id: key.id },
      payload: key,
      state: { topic: topics.keys, key: key.id, value: null },
    })),
    ...apps.map((app) => ({
      ...by,
      action: "app.deleted",
      target: { type: "app", id: app.id },
      payload: app,
      state: { topic: topics.apps, key: app.id, value: null },
    })),
    // By its id alone: the trail is kept, name and address are not repeated.
    {
      ...by,
      action: "developer.deleted",
      target: { type: "developer", id: developerId },
      payload: { id: developerId },
    },
  ];
  // The lock of each developer is taken in one order, so that no two of these wait for each other.
  changes.sort((a, b) => Number(a.developerId > b.developerId) - Number(a.developerId < b.developerId));
  await appendAll(tx, changes);
}

async function requireDeletable(tx: Queryable, developerId: string, role: string): Promise<void> {
  // What they have decided for everybody must not end with their account.
  if (role !== "developer") {
    throw problem("state_conflict", `You are ${role}: let an operator make you a developer first.`);
  }
  const { count } = await countPublishedApps(tx, developerId);
  if (count > 0) {
    throw problem("state_conflict", `You have ${count} published apps: suspend them first.`);
  }
}
