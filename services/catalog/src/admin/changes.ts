import { type Pool, transaction } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { Role } from "@mosis/types/developers";
import { everyone } from "../access/principal.ts";
import { operatorAuthor, record, sessionDeleted } from "../changes/outbox/record.ts";
import { insertMail } from "../developers/mail-queue.ts";
import { findAccount, updateRole } from "../developers/queries.ts";
import { deleteAllFactors, lockByEmail } from "../sign-in/second-factors/queries.ts";
import { deleteOtherSessions } from "../sign-in/sessions/queries.ts";

/**
 * Gives a developer a role, from its next request on. It is done on the servers, not over HTTP: somebody has
 * to be the first admin.
 * @throws Error when no account has that address.
 */
export async function grantRole(
  db: Pool,
  { role, email }: { role: Role; email: string },
): Promise<"granted" | "unchanged"> {
  return transaction(db.as(everyone), async (tx) => {
    const developer = await updateRole(tx, email, role);
    if (!developer) {
      if (await findAccount(tx, email)) return "unchanged";
      throw new Error(`There is no developer with the address ${email}.`);
    }
    await record(tx, operatorAuthor(developer.id, newId()), {
      action: "developer.role_granted",
      target: { type: "developer", id: developer.id },
      payload: developer,
    });
    return "granted";
  });
}

/**
 * Removes every second factor of a developer who has lost all of them, and ends all their sessions. It is
 * done on the servers, by an operator who has checked the person's identity: a password or a mailbox is not
 * enough for it.
 * @throws Error when no account has that address.
 */
export async function resetSecondFactors(
  db: Pool,
  { email }: { email: string },
): Promise<"reset" | "unchanged"> {
  // The connection must see a developer to queue a mail for it.
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
