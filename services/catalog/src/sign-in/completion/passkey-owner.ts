import type { Queryable } from "@mosis/postgres";
import type { SessionCompletion } from "@mosis/types/sessions";
import { findPasskeyOwner } from "../passkeys/queries.ts";
import { deleteSignIn } from "./queries.ts";

/**
 * Whose account a sign-in with nothing but a passkey is for. It is used up by that: its challenge was for one
 * attempt. Null for a factor that is no passkey, or a passkey that nobody has.
 * @param db for everybody.
 */
export async function passkeyOwner(
  db: Queryable,
  { asked, tokenHash }: { asked: SessionCompletion; tokenHash: string },
): Promise<string | null> {
  if (!asked.passkey) return null;
  if (!(await deleteSignIn(db, tokenHash))) return null;
  const owner = await findPasskeyOwner(db, asked.passkey.id);
  return owner?.developer_id ?? null;
}
