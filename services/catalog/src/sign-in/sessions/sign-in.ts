import { type Problem, problem } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { Sender } from "../../access/call.ts";
import type { Credentials } from "../../access/credentials.ts";
import { findAccount, lockPassword } from "../../developers/queries.ts";
import { canonicalEmail } from "../../developers/canonical-email.ts";
import type { Passwords } from "../passwords/hashing.ts";
import { findRight } from "../passwords/right-password.ts";
import { everyone } from "../../access/principal.ts";
import type { AccountThrottle } from "../throttle/account.ts";

/**
 * Runs `work` in a transaction for the developer of an address and its password.
 * @throws Problem `credentials_invalid` (401), the same for an unknown address and a wrong password, after
 * the same work; `rate_limited` (429).
 */
export type SignIn = <T>(
  asked: { sender: Sender; email: string; password: string },
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
  return async ({ sender, email, password }, work) => {
    // All spellings of an address share one bucket.
    const address = canonicalEmail(email) ?? email;
    const found = await accounts.countWrong("sign-in", address, async () => {
      // PostgreSQL accepts no NUL in a text, so no account has one.
      const account = email.includes("\0") ? null : await findAccount(db, email);
      // The id also exists without an account, so that the work takes the same time.
      const id = account?.id ?? nobodyId;
      const settings = account?.password_settings ?? null;
      return findRight(
        { db, passwords },
        { id, settings, password, asker: { address: sender.address, account: address } },
      );
    });
    if (!found) throw wrong();
    const result = await transaction(deps.db.as(found.id), async (tx) => {
      // A password that was changed meanwhile has ended all sessions, so it must not begin a new one.
      if (!(await lockPassword(tx, found))) throw wrong();
      return work(tx, found.id);
    });
    // The oldest session may have ended to make room for the new one.
    credentials.forget(found.id);
    return result;
  };
}

/** The id of no account: those have random ids. */
const nobodyId = "00000000-0000-0000-0000-000000000000";

function wrong(): Problem {
  return problem("credentials_invalid", "The e-mail address or the password is wrong.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}
