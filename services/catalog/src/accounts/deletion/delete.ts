import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { passwordChanged } from "../../sign-in/passwords/confirm.ts";
import { type HashedPassword, isPassword } from "../../developers/queries.ts";
import { deleteKeysOf } from "../../keys/queries.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendAll } from "../../changes/outbox/append.ts";
import { appDeleted, type By, keyDeleted } from "../../changes/outbox/events.ts";
import type { Principal } from "../../access/principal.ts";
import { restrictionChange } from "../../telemetry-rules/restrictions/events.ts";
import {
  countPublishedApps,
  deleteAppsOf,
  deleteDeveloper,
  deleteRestrictionsOf,
  lockAppsOf,
  lockWhole,
} from "./queries.ts";

/**
 * The account with everything that is its, and what telemetry knows of it. What people have installed does
 * not vanish from the store by the way: published apps are suspended first. The audit trail stays.
 * @throws Problem `state_conflict` (409), `confirmation_required` (403).
 */
export async function deleteAccount(
  tx: Queryable,
  { principal, confirmed, requestId }: { principal: Principal; confirmed: HashedPassword; requestId: string },
): Promise<void> {
  const { developerId, actor } = principal;
  const account = await lockWhole(tx, developerId);
  if (!account) throw credentialsInvalid();
  if (!(await isPassword(tx, confirmed))) throw passwordChanged();
  await requireDeletable(tx, developerId, account.role);
  await removeLocked(tx, account.email, { developerId, actor, requestId });
}

/**
 * Removes an account that may be deleted, with everything that is its.
 * @param by whose account, and who removes it. The developer is locked by `lockWhole`.
 */
export async function removeLocked(tx: Queryable, email: string, by: By): Promise<void> {
  const { developerId, actor, requestId } = by;
  const restrictions = await deleteRestrictionsOf(tx, developerId);
  const keys = await deleteKeysOf(tx, developerId);
  const apps = await deleteAppsOf(tx, developerId);
  await insertMail(tx, { developerId, kind: "account_deleted", recipient: email, requestId });
  // What else refers to the developer goes with it.
  await deleteDeveloper(tx, developerId);

  await appendAll(tx, [
    ...restrictions.map((row) => restrictionChange(row, { actor, requestId, what: "lifted" })),
    ...keys.map((key) => keyDeleted(by, key)),
    ...apps.map((app) => appDeleted(by, app)),
    // By its id alone: the trail is kept, name and address are not repeated.
    {
      ...by,
      action: "developer.deleted",
      target: { type: "developer", id: developerId },
      payload: { id: developerId },
    },
  ]);
}

async function requireDeletable(tx: Queryable, developerId: string, role: string): Promise<void> {
  // What they have decided for everybody must not end with their account.
  if (role !== "developer") {
    throw problem("state_conflict", `You are ${role}: let an operator make you a developer first.`);
  }
  // Before they are counted: what is waited for here may have restored one.
  await lockAppsOf(tx, developerId);
  const { count } = await countPublishedApps(tx, developerId);
  if (count > 0) {
    throw problem("state_conflict", `You have ${count} published apps: suspend them first.`);
  }
}
