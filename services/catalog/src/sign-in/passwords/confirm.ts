import { type Problem, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { credentialsInvalid } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { hasFactor } from "../second-factors/changes.ts";
import { findFactors } from "../second-factors/queries.ts";
import { findRecentSession } from "../../access/queries.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import type { Passwords } from "./hashing.ts";
import { findOwnAccount, type HashedPassword } from "../../developers/queries.ts";
import { findRight } from "./right-password.ts";

/**
 * Confirms that the developer still holds the session, before a change that a stolen session must not be
 * enough for.
 * @param password undefined when the account has none: then a session of the last ten minutes is required.
 * @returns the password as it is hashed, to be compared in the transaction of the change.
 * @throws Problem `confirmation_required` (403), `rate_limited` (429).
 */
export type Confirm = (
  call: Call,
  password: string | undefined,
) => Promise<HashedPassword & { email: string }>;

interface ConfirmDeps {
  db: Pool;
  passwords: Passwords;
  accounts: AccountThrottle;
}

/** Requires a recent session beside the password when the account has a second factor. */
export function createConfirm(deps: ConfirmDeps): Confirm {
  const confirmPassword = createConfirmPassword(deps);
  return async (call, password) => {
    const { principal } = call;
    const own = deps.db.as(principal.developerId);
    if (hasFactor(await findFactors(own, principal.developerId))) await requireRecent(own, principal);
    return confirmPassword(call, password);
  };
}

/** Confirms only the password. */
export function createConfirmPassword({ db, passwords, accounts }: ConfirmDeps): Confirm {
  return async ({ principal: { developerId, actor }, address }, password) => {
    const own = db.as(developerId);
    const found = await findOwnAccount(own, developerId);
    if (!found) throw credentialsInvalid();
    const { id, email, password_settings } = found;
    if (password_settings === null) {
      if (await findRecentSession(own, { id: actor.id, developerId }))
        return { id, email, passwordHash: null };
      throw unconfirmed("Sign in again, and send the request within ten minutes.");
    }
    if (password === undefined) throw unconfirmed("Send the password of the account too.");
    // It uses the same bucket as signing in, so that this is not a second place to guess at.
    const guess = { id, settings: password_settings, password, asker: { address, account: email } };
    const confirmed = await accounts.countWrong("sign-in", email, () =>
      findRight({ db: own, passwords }, guess),
    );
    if (!confirmed) throw unconfirmed("The password is wrong.");
    return { ...confirmed, email };
  };
}

/** Refuses a change when the password was changed between the confirmation and the transaction. */
export function passwordChanged(): Problem {
  return unconfirmed("The password was changed meanwhile.");
}

function unconfirmed(detail: string): Problem {
  return problem("confirmation_required", detail);
}
