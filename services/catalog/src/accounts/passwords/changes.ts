import type { Queryable } from "@mosis/postgres";
import type { Developer, PasswordChange } from "@mosis/types/developers";
import type { Call } from "../../access/call.ts";
import { authorOf, record, systemAuthor } from "../../changes/outbox/record.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { type HashedPassword, lockDeveloper } from "../../developers/queries.ts";
import { passwordChanged } from "../../sign-in/passwords/confirm.ts";
import { limitsOfConfirmed } from "../../telemetry-rules/limits/events.ts";
import { evict, type Eviction, ofStranger, ofThief } from "./evict.ts";
import { deleteAccountToken, deleteAccountTokens } from "../tokens/queries.ts";
import { tokenInvalid } from "../tokens/token.ts";
import { resetPassword, updatePassword } from "./queries.ts";

/**
 * Changes the password.
 * @throws Problem `confirmation_required` (403) when the confirmed password was changed meanwhile.
 */
export async function changePassword(
  tx: Queryable,
  call: Call,
  body: PasswordChange,
  { confirmed, passwordHash }: { confirmed: HashedPassword; passwordHash: string },
): Promise<void> {
  const { requestId, principal } = call;
  const { developerId, actor } = principal;
  const changed = await updatePassword(tx, confirmed, passwordHash);
  if (!changed) throw passwordChanged();
  const evicted = await evict(tx, developerId, evictionOf(body, actor.id));
  await insertMail(tx, { developerId, kind: "password_changed", recipient: changed.email, requestId });
  await record(tx, authorOf(call), ...evicted, {
    action: "developer.password_changed",
    target: { type: "developer", id: developerId },
    payload: changed,
  });
}

/**
 * A password is changed for many reasons. The keys that servers use keep working, unless the owner says
 * otherwise.
 */
function evictionOf(body: PasswordChange, sessionKept: string): Eviction {
  const { end_sessions, quarantine_keys, quarantine_webhooks, unlink_provider } = body;
  return {
    ...((end_sessions ?? true) ? { sessionKept } : {}),
    keys: quarantine_keys ? "quarantine" : "keep",
    webhooks: quarantine_webhooks ? "quarantine" : "keep",
    unlinkProvider: unlink_provider ?? false,
  };
}

/**
 * Sets a new password for the person who reads the mail to the address, and closes everything that was opened
 * with the old one: sessions and the provider are removed, keys and webhooks wait until they are confirmed.
 * When the address had never been confirmed, somebody else may have registered it: then keys and webhooks are
 * deleted, too.
 * @throws Problem `token_invalid` (422).
 */
export async function resetForgotten(
  tx: Queryable,
  { tokenHash, passwordHash, requestId }: { tokenHash: string; passwordHash: string; requestId: string },
): Promise<Developer> {
  const token = await deleteAccountToken(tx, tokenHash, ["password_reset"]);
  if (!token) throw tokenInvalid();
  const { developer_id: developerId, email } = token;
  const before = await lockDeveloper(tx, developerId);
  // The mail went to an address that no longer belongs to the account.
  if (before?.email !== email) throw tokenInvalid();
  const after = await resetPassword(tx, developerId, passwordHash);
  if (!after) throw tokenInvalid();
  const evicted = await evict(tx, developerId, before.verified ? ofThief : ofStranger);
  await deleteAccountTokens(tx, developerId, ["email_verification"]);
  await insertMail(tx, { developerId, kind: "password_changed", recipient: email, requestId });
  await record(
    tx,
    systemAuthor(developerId, requestId),
    ...evicted,
    {
      action: "developer.password_reset",
      target: { type: "developer", id: developerId },
      payload: { ...after, oauth_provider: null },
    },
    ...(before.verified ? [] : await limitsOfConfirmed(tx, developerId)),
  );
  return after;
}
