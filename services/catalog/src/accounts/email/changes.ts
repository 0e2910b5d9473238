import type { Queryable } from "@mosis/postgres";
import { record, systemAuthor } from "../../changes/outbox/record.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { lockDeveloper, lockPassword } from "../../developers/queries.ts";
import { limitsOfConfirmed } from "../../telemetry-rules/limits/events.ts";
import { deleteAccountToken, deleteAccountTokens } from "../tokens/queries.ts";
import { type Purpose, tokenInvalid } from "../tokens/token.ts";
import { type ProveAccount, unproved } from "./prove.ts";
import { updateEmail, updateVerified } from "./queries.ts";

/** The purposes of tokens that confirm an address. */
export const confirmingPurposes: Purpose[] = ["email_verification", "email_change"];

interface Verification {
  tokenHash: string;
  proved: Awaited<ReturnType<ProveAccount>>;
  requestId: string;
}

/**
 * Confirms the address that a mail was sent to, and makes it the account's when it is a new one.
 * @throws Problem `token_invalid` (422), `confirmation_required` (403); Error of the index
 * `developers_lower_email` when the address is taken.
 */
export async function verifyEmail(
  tx: Queryable,
  { tokenHash, proved, requestId }: Verification,
): Promise<void> {
  const token = await deleteAccountToken(tx, tokenHash, confirmingPurposes);
  if (!token) throw tokenInvalid();
  // A password that was changed meanwhile is no proof: it was changed to shut out those who know the old one.
  if (proved && !(await lockPassword(tx, proved))) throw unproved();
  const { developer_id: developerId, email } = token;
  const before = await lockDeveloper(tx, developerId);
  if (!before) throw tokenInvalid();
  const isChange = token.purpose === "email_change";
  // The mail was for an address that no longer belongs to the account.
  if (!isChange && before.email !== email) throw tokenInvalid();
  // The notice is queued before the change, while the old address is still the confirmed one. A failing
  // change leaves no mail.
  if (isChange) {
    await insertMail(tx, { developerId, kind: "email_changed", recipient: before.email, requestId });
  }
  const after = isChange
    ? await updateEmail(tx, developerId, email)
    : await updateVerified(tx, developerId, email);
  // Two mails were sent, and the other one was used before.
  if (!after) return;
  if (isChange) {
    // Tokens that were sent to the old address no longer work.
    await deleteAccountTokens(tx, developerId, ["email_verification", "email_change", "password_reset"]);
  }
  await record(
    tx,
    systemAuthor(developerId, requestId),
    {
      action: isChange ? "developer.email_changed" : "developer.verified",
      target: { type: "developer", id: developerId },
      payload: after,
    },
    ...(before.verified ? [] : await limitsOfConfirmed(tx, developerId)),
  );
}
