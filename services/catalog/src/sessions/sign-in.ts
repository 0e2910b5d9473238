import { type Problem, problem } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { Credentials } from "../credentials.ts";
import { findAccount, isPassword, lockPassword } from "../developers/queries.ts";
import type { Passwords } from "../developers/password.ts";
import { everyone } from "../principal.ts";
import type { AccountThrottle } from "../throttle/account.ts";

/**
 * Runs `work` in a transaction for the developer of an address and its password.
 * @throws Problem `credentials_invalid` (401), one for an unknown address and a wrong password, after the
 * same work; `rate_limited` (429).
 */
export type SignIn = <T>(
  asked: { email: string; password: string },
  work: (tx: Queryable, developerId: string) => Promise<T>,
) => Promise<T>;

export function createSignIn(deps: {
  db: Pool;
  credentials: Pick<Credentials, "forget">;
  passwords: Passwords;
  accounts: AccountThrottle;
}): SignIn {
  const { credentials, passwords, accounts } = deps;
  const db = deps.db.as(everyone);
  return async ({ email, password }, work) => {
    const found = await accounts.countWrong("sign-in", email, async () => {
      // PostgreSQL takes no NUL; no account has one either.
      const account = email.includes("\0") ? null : await findAccount(db, email);
      const passwordHash = await passwords.rehash(password, account?.password_settings ?? null);
      // Also without an account, so that there is the same work to wait for.
      const guess = { id: account?.id ?? nobodyId, passwordHash };
      return (await isPassword(db, guess)) ? guess : null;
    });
    if (!found) throw wrong();
    const result = await transaction(deps.db.as(found.id), async (tx) => {
      // A password that was changed meanwhile has ended all sessions: it begins no new one.
      if (!(await lockPassword(tx, found))) throw wrong();
      return work(tx, found.id);
    });
    // The oldest session may have ended for the new one.
    credentials.forget(found.id);
    return result;
  };
}

/** Of no account: those have random ids. */
const nobodyId = "00000000-0000-0000-0000-000000000000";

function wrong(): Problem {
  return problem("credentials_invalid", "The e-mail address or the password is wrong.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}
