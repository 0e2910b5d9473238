import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { passwordChanged } from "../../sign-in/passwords/confirm.ts";
import { type HashedPassword, isPassword } from "../../developers/queries.ts";
import { deleteKeysOf } from "../../keys/queries.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import type { Call } from "../../access/call.ts";
import { appDeleted, type Author, authorOf, keyDeleted, record } from "../../changes/outbox/record.ts";
import { restrictionEvent } from "../../telemetry-rules/restrictions/events.ts";
import {
  countPublishedApps,
  deleteAppsOf,
  deleteDeveloper,
  deleteRestrictionsOf,
  lockAppsOf,
  lockWhole,
} from "./queries.ts";

/**
 * Deletes the account with everything that belongs to it, and its telemetry. Apps that people have installed
 * must not vanish from the store as a side effect: published apps have to be suspended first. The audit trail
 * stays.
 * @throws Problem `state_conflict` (409), `confirmation_required` (403).
 */
export async function deleteAccount(tx: Queryable, call: Call, confirmed: HashedPassword): Promise<void> {
  const { developerId } = call.principal;
  const account = await lockWhole(tx, developerId);
  if (!account) throw credentialsInvalid();
  if (!(await isPassword(tx, confirmed))) throw passwordChanged();
  await requireDeletable(tx, developerId, account.role);
  await removeLocked(tx, account.email, authorOf(call));
}

/**
 * Removes an account that may be deleted, with everything that belongs to it.
 * @param author the account's trail, and the actor who removes it. The developer is locked by `lockWhole`.
 */
export async function removeLocked(tx: Queryable, email: string, author: Author): Promise<void> {
  const { developerId, requestId } = author;
  const restrictions = await deleteRestrictionsOf(tx, developerId);
  const keys = await deleteKeysOf(tx, developerId);
  const apps = await deleteAppsOf(tx, developerId);
  await insertMail(tx, { developerId, kind: "account_deleted", recipient: email, requestId });
  // The database deletes all other rows that refer to the developer.
  await deleteDeveloper(tx, developerId);

  await record(
    tx,
    author,
    ...restrictions.map((row) => restrictionEvent(row, "lifted")),
    ...keys.map((key) => keyDeleted(key)),
    ...apps.map((app) => appDeleted(app)),
    // Only the id is recorded: the trail is kept, and must not repeat name and address.
    {
      action: "developer.deleted",
      target: { type: "developer", id: developerId },
      payload: { id: developerId },
    },
  );
}

async function requireDeletable(tx: Queryable, developerId: string, role: string): Promise<void> {
  // A reviewer's or admin's decisions for everybody must not end with their account.
  if (role !== "developer") {
    throw problem("state_conflict", `You are ${role}: ask an operator to make you a developer first.`);
  }
  // The apps are locked before they are counted: the transaction that held the lock may have restored one.
  await lockAppsOf(tx, developerId);
  const { count } = await countPublishedApps(tx, developerId);
  if (count > 0) {
    throw problem("state_conflict", `You have ${count} published apps: suspend them first.`);
  }
}
