import { type Problem, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { credentialsInvalid } from "../auth.ts";
import type { Principal } from "../principal.ts";
import { findFreshSession } from "../sessions/queries.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import type { Passwords } from "./password.ts";
import { findOwnAccount, type HashedPassword, isPassword } from "./queries.ts";

/**
 * Whether it is still the developer who holds the session, for what a stolen one must not be enough.
 * @param password undefined when the account has none: then a session of the last ten minutes is asked for.
 * @returns the password as it is hashed, to be compared in the transaction of the change.
 * @throws Problem `confirmation_required` (403), `rate_limited` (429).
 */
export type Confirm = (
  principal: Principal,
  password: string | undefined,
) => Promise<HashedPassword & { email: string }>;

export function createConfirm(deps: { db: Pool; passwords: Passwords; accounts: AccountThrottle }): Confirm {
  const { db, passwords, accounts } = deps;
  return async ({ developerId, actor }, password) => {
    const own = db.as(developerId);
    const found = await findOwnAccount(own, developerId);
    if (!found) throw credentialsInvalid();
    const { id, email, password_settings } = found;
    if (password_settings === null) {
      if (await findFreshSession(own, actor.id)) return { id, email, passwordHash: null };
      throw unconfirmed("Sign in once more, and do it within ten minutes.");
    }
    if (password === undefined) throw unconfirmed("Send the password of the account too.");
    // The same bucket as signing in: here is no second place to guess at.
    const confirmed = await accounts.countWrong("sign-in", email, async () => {
      const passwordHash = await passwords.rehash(password, password_settings);
      return (await isPassword(own, { id, passwordHash })) ? { id, email, passwordHash } : null;
    });
    if (!confirmed) throw unconfirmed("The password is wrong.");
    return confirmed;
  };
}

/** In the transaction of what was confirmed. */
export function passwordChanged(): Problem {
  return unconfirmed("The password was changed meanwhile.");
}

function unconfirmed(detail: string): Problem {
  return problem("confirmation_required", detail);
}
