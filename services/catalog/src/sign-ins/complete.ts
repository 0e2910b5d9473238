import type { IncomingMessage } from "node:http";
import { type Problem, problem, requestId } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { SecondFactor } from "@mosis/types/second-factors";
import type { SessionCompletion, SessionWithToken } from "@mosis/types/sessions";
import type { Credentials } from "../credentials.ts";
import { everyone } from "../principal.ts";
import { hashSecret } from "../secret-hash.ts";
import type { BeginSession } from "../sessions/create.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import { passkeyOwner } from "./passkey-owner.ts";
import type { Prove } from "./prove.ts";
import { deleteSignIn, findWaysIn, lockAccount, takeAttempt } from "./queries.ts";
import { signInOver } from "./token.ts";

/**
 * Signs somebody in whose second factor, or passkey, is right.
 * @throws Problem `token_invalid` (422); `credentials_invalid` (401), one for a factor that is wrong, was
 * used or is not enrolled; `rate_limited` (429).
 */
export type Complete = (req: IncomingMessage, asked: SessionCompletion) => Promise<SessionWithToken>;

export function createComplete(deps: {
  db: Pool;
  credentials: Pick<Credentials, "forget">;
  accounts: AccountThrottle;
  beginSession: BeginSession;
  prove: Prove;
}): Complete {
  const { db, credentials, accounts, beginSession, prove } = deps;
  return async (req, asked) => {
    const tokenHash = hashSecret(asked.sign_in_token);
    const factor = factorOf(asked);
    // Committed before anything is tried: many at once each have their own attempt.
    const attempt = await takeAttempt(db.as(everyone), tokenHash, { isPasskey: factor === "passkey" });
    if (!attempt) throw signInOver();
    const developerId = attempt.developer_id ?? (await passkeyOwner(db.as(everyone), { asked, tokenHash }));
    if (developerId === null) throw wrong();

    const signIn = async (tx: Queryable): Promise<SessionWithToken | null> => {
      if (!(await lockAccount(tx, developerId))) return null;
      const isWhole = attempt.developer_id === null;
      // A password or a provider that was changed meanwhile begins no session.
      if (!isWhole && (await findWaysIn(tx, developerId)).ways_in !== attempt.ways_in) return null;
      const by = { developerId, requestId: requestId(req) };
      const changes = await prove(tx, { by, asked, challengeHash: attempt.challenge_hash, isWhole });
      if (!changes) return null;
      if (!isWhole && !(await deleteSignIn(tx, tokenHash))) return null;
      return beginSession(tx, { req, developerId, secondFactor: factor, changes });
    };
    const tried = () => transaction(db.as(developerId), signIn);
    // Nobody guesses a passkey, so that its owner is never kept out by others who guess codes.
    const session =
      factor === "passkey" ? await tried() : await accounts.countWrong(factor, developerId, tried);
    if (!session) throw wrong();
    // The oldest session may have ended for the new one.
    credentials.forget(developerId);
    return session;
  };
}

function factorOf(asked: SessionCompletion): SecondFactor {
  if (asked.totp_code !== undefined) return "totp";
  return asked.recovery_code !== undefined ? "recovery_code" : "passkey";
}

function wrong(): Problem {
  return problem("credentials_invalid", "The second factor is wrong, was used, or is not enrolled.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}
