import { type Problem, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Sender } from "../../access/call.ts";
import type { Principal } from "../../access/principal.ts";
import type { Passwords } from "../../sign-in/passwords/hashing.ts";
import { findOwnAccount, type HashedPassword } from "../../developers/queries.ts";
import { findRight } from "../../sign-in/passwords/right-password.ts";
import type { AccountThrottle } from "../../sign-in/throttle/account.ts";

/**
 * Proves that the person who follows a mail knows the account that it is about. The mail proves only the
 * mailbox: if a stranger had made the account, following the mail would confirm the stranger's account.
 * @returns the password that was right, to be compared in the transaction; null for a session of the account.
 * @throws Problem `confirmation_required` (403), `rate_limited` (429).
 */
export type ProveAccount = (
  by: { sender: Sender; session: Principal | null },
  asked: { developerId: string; password: string | undefined },
) => Promise<HashedPassword | null>;

export function createProveAccount(deps: {
  db: Pool;
  passwords: Passwords;
  accounts: AccountThrottle;
}): ProveAccount {
  const { db, passwords, accounts } = deps;
  return async ({ sender, session }, { developerId, password }) => {
    if (session?.developerId === developerId) return null;
    const own = db.as(developerId);
    const account = password === undefined ? null : await findOwnAccount(own, developerId);
    if (password === undefined || !account) throw unproved();
    // It uses the same bucket as signing in, so that this is not a second place to guess at.
    const { id, email, password_settings } = account;
    const guess = {
      id,
      settings: password_settings,
      password,
      asker: { address: sender.address, account: email },
    };
    const proved = await accounts.countWrong("sign-in", email, () =>
      findRight({ db: own, passwords }, guess),
    );
    if (!proved) throw unproved();
    return proved;
  };
}

/** The same answer for a missing password and a wrong one. */
export function unproved(): Problem {
  return problem(
    "confirmation_required",
    "Send the password of the account too, or the token of a session of it. If you have not made it, " +
      "POST /v1/developers:request-password-reset gives you the account, and removes what its maker left.",
  );
}
