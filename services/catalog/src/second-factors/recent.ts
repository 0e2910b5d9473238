import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Principal } from "../principal.ts";
import { findRecentSignIn } from "./queries.ts";

/**
 * A stolen session must not be enough to add, remove or read what protects an account.
 * @throws Problem `confirmation_required` (403).
 */
export async function requireRecentSignIn(db: Queryable, principal: Principal): Promise<void> {
  const { developerId, actor } = principal;
  if (await findRecentSignIn(db, { id: actor.id, developerId })) return;
  throw problem(
    "confirmation_required",
    "Sign in once more, with your second factor if you have one, and do it within ten minutes.",
  );
}
