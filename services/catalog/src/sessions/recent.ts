import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Principal } from "../principal.ts";
import { findRecentSession } from "./queries.ts";

/**
 * For what outlives a session: making a key or webhook, linking a provider. A stolen session must not be
 * enough for it, so its developer must have signed in, or proved it again, within ten minutes. A key may do
 * what its permissions say: it is not a session, and a pipeline has nobody to ask.
 * @throws Problem `confirmation_required` (403).
 */
export async function requireRecent(tx: Queryable, { actor }: Principal): Promise<void> {
  if (actor.kind !== "session" || (await findRecentSession(tx, actor.id))) return;
  throw problem(
    "confirmation_required",
    "This needs a session in which you have signed in within ten minutes: POST /v1/sessions:reauthenticate " +
      "with your password, or sign in once more, and send the request again.",
  );
}
