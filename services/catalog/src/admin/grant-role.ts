import { type Pool, transaction } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { Role } from "@mosis/types/developers";
import { findAccount, updateRole } from "../developers/queries.ts";
import { operatorAuthor, record } from "../changes/outbox/record.ts";
import { everyone } from "../access/principal.ts";

/**
 * Gives a developer a role, from its next request on. Done on the servers, not over HTTP: somebody has to be
 * the first admin.
 * @throws Error when nobody has that address.
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
