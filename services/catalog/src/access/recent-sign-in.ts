import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Principal } from "./principal.ts";
import { findRecentSession } from "./queries.ts";

/**
 * Requires a recent sign-in for anything that a stolen session must not be enough for: what outlives the
 * session, what cannot be undone, and what protects the account. The developer must have signed in, or proved
 * their identity again, within ten minutes, with the second factor if there is one. A key may do what its
 * permissions say: it is not a session, and a pipeline cannot ask a person.
 * @throws Problem `confirmation_required` (403).
 */
export async function requireRecent(db: Queryable, { actor, developerId }: Principal): Promise<void> {
  if (actor.kind !== "session" || (await findRecentSession(db, { id: actor.id, developerId }))) return;
  throw problem(
    "confirmation_required",
    "This needs a session in which you have signed in within ten minutes, with your second factor if you " +
      "have one: POST /v1/sessions:reauthenticate, or sign in again, and repeat the request.",
  );
}
