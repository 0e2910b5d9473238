import type { Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import { deleteAccountToken, deleteAccountTokens } from "../account-tokens/queries.ts";
import { tokenInvalid } from "../account-tokens/token.ts";
import { lockDeveloper } from "../developers/queries.ts";
import { deleteKeysOf } from "../keys/queries.ts";
import { deleteMails, insertMail } from "../mails/queries.ts";
import { appendAll } from "../outbox/append.ts";
import { keyDeleted, sessionDeleted } from "../outbox/gone.ts";
import { deleteOtherSessions } from "../sessions/queries.ts";
import { webhookChange } from "../webhooks/audited.ts";
import { deleteWebhooksOf } from "../webhooks/queries.ts";
import { resetPassword, unlinkOauth } from "./queries.ts";

/**
 * A new password for whoever reads what is sent to the address, and an end for all that was opened with the
 * old one. When the address had never been confirmed, somebody else may have registered it, to wait for the
 * one whom it belongs to: then the keys, webhooks and the provider of that time go too.
 * @throws Problem `token_invalid` (422).
 */
export async function reset(
  tx: Queryable,
  { tokenHash, passwordHash, requestId }: { tokenHash: string; passwordHash: string; requestId: string },
): Promise<Developer> {
  const token = await deleteAccountToken(tx, tokenHash, ["password_reset"]);
  if (!token) throw tokenInvalid();
  const { developer_id: developerId, email } = token;
  const before = await lockDeveloper(tx, developerId);
  // The mail went to an address that is not the account's any more.
  if (before?.email !== email) throw tokenInvalid();
  const keys = before.verified ? [] : await deleteKeysOf(tx, developerId);
  const webhooks = before.verified ? [] : await deleteWebhooksOf(tx, developerId);
  if (!before.verified) await unlinkOauth(tx, developerId);
  const after = await resetPassword(tx, developerId, passwordHash);
  if (!after) throw tokenInvalid();
  await deleteMails(tx, developerId, ["email_change"]);
  await deleteAccountTokens(tx, developerId, ["email_verification", "email_change", "password_reset"]);
  await insertMail(tx, { developerId, kind: "password_changed", recipient: email, requestId });
  const sessions = await deleteOtherSessions(tx, developerId, null);

  const by = { developerId, actor: { kind: "system", id: "" }, requestId } as const;
  await appendAll(tx, [
    ...sessions.map((session) => sessionDeleted(by, session)),
    ...keys.map((key) => keyDeleted(by, key)),
    ...webhooks.map((webhook) => webhookChange(by, "webhook.deleted", webhook)),
    {
      ...by,
      action: "developer.password_reset",
      target: { type: "developer", id: developerId },
      payload: after,
    },
  ]);
  return after;
}
