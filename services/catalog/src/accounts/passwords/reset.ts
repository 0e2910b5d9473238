import type { Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import { deleteAccountToken, deleteAccountTokens } from "../tokens/queries.ts";
import { tokenInvalid } from "../tokens/token.ts";
import { lockDeveloper } from "../../developers/queries.ts";
import { evict, ofStranger, ofThief } from "../eviction/evict.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendAll } from "../../changes/outbox/append.ts";
import { limitsOfConfirmed } from "../../telemetry-rules/limits/events.ts";
import { resetPassword } from "./queries.ts";

/**
 * A new password for whoever reads what is sent to the address, and an end for all that was opened with the
 * old one: sessions and the provider go, keys and webhooks wait until they are confirmed. When the address
 * had never been confirmed, somebody else may have registered it: then keys and webhooks go, too.
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
  const after = await resetPassword(tx, developerId, passwordHash);
  if (!after) throw tokenInvalid();
  const by = { developerId, actor: { kind: "system", id: "" }, requestId } as const;
  const evicted = await evict(tx, by, before.verified ? ofThief : ofStranger);
  await deleteAccountTokens(tx, developerId, ["email_verification"]);
  await insertMail(tx, { developerId, kind: "password_changed", recipient: email, requestId });
  await appendAll(tx, [
    ...evicted,
    {
      ...by,
      action: "developer.password_reset",
      target: { type: "developer", id: developerId },
      payload: { ...after, oauth_provider: null },
    },
    ...(before.verified ? [] : await limitsOfConfirmed(tx, by)),
  ]);
  return after;
}
