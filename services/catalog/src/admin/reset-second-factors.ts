import { type Pool, transaction } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import { insertMail } from "../developers/mail-queue.ts";
import { operatorAuthor, record, sessionDeleted } from "../changes/outbox/record.ts";
import { everyone } from "../access/principal.ts";
import { deleteAllFactors, lockByEmail } from "../sign-in/second-factors/queries.ts";
import { deleteOtherSessions } from "../sign-in/sessions/queries.ts";

/**
 * Takes every second factor of somebody who has lost all of them, and ends all their sessions. Done on the
 * servers, by a person who has made sure who asks: a password or a mailbox is not enough for it.
 * @throws Error when nobody has that address.
 */
export async function resetSecondFactors(
  db: Pool,
  { email }: { email: string },
): Promise<"reset" | "unchanged"> {
  // Mails are queued for a developer whom the connection may see.
  return transaction(db.as(everyone), async (tx) => {
    const developer = await lockByEmail(tx, email);
    if (!developer) throw new Error(`There is no developer with the address ${email}.`);
    const { id: developerId } = developer;
    const { factors } = await deleteAllFactors(tx, developerId);
    if (factors === 0) return "unchanged";
    const sessions = await deleteOtherSessions(tx, developerId, null);
    const requestId = newId();
    const mail = { kind: "second_factors_reset", recipient: developer.email } as const;
    await insertMail(tx, { developerId, requestId, ...mail });
    const ended = sessions.map((session) => sessionDeleted(session));
    await record(tx, operatorAuthor(developerId, requestId), ...ended, {
      action: "second_factors.reset",
      target: { type: "developer", id: developerId },
      payload: { id: developerId, factors },
    });
    return "reset";
  });
}
