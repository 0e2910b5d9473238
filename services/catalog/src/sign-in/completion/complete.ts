import { type Problem, problem } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { SessionCompletion, SessionWithToken } from "@mosis/types/sessions";
import type { Sender } from "../../access/call.ts";
import type { Credentials } from "../../access/credentials.ts";
import type { BeginSession } from "../sessions/changes.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import { beginAttempt, proveAttempt } from "./attempt.ts";
import type { Prove } from "./prove.ts";

/**
 * Signs in with a second factor, or a passkey, that is right.
 * @throws Problem `token_invalid` (422); `credentials_invalid` (401), the same for a factor that is wrong,
 * was used or is not enrolled; `rate_limited` (429).
 */
export type Complete = (sender: Sender, asked: SessionCompletion) => Promise<SessionWithToken>;

export function createComplete(deps: {
  db: Pool;
  credentials: Pick<Credentials, "forget">;
  accounts: AccountThrottle;
  beginSession: BeginSession;
  prove: Prove;
}): Complete {
  const { db, credentials, accounts, beginSession, prove } = deps;
  return async (sender, asked) => {
    const { developerId, ...attempt } = await beginAttempt(db, asked);
    if (developerId === null) throw wrong();
    const { factor } = attempt;
    const signIn = async (tx: Queryable): Promise<SessionWithToken | null> => {
      const by = { prove, requestId: sender.requestId };
      const events = await proveAttempt(tx, { ...attempt, developerId }, by);
      return events && beginSession(tx, { sender, developerId, secondFactor: factor, events });
    };
    const tried = () => transaction(db.as(developerId), signIn);
    // Passkeys are not throttled: nobody can guess one, and guesses of codes by others must not lock the
    // owner out.
    const session =
      factor === "passkey" ? await tried() : await accounts.countWrong(factor, developerId, tried);
    if (!session) throw wrong();
    // The oldest session may have ended to make room for the new one.
    credentials.forget(developerId);
    return session;
  };
}

function wrong(): Problem {
  return problem("credentials_invalid", "The second factor is wrong, was used, or is not enrolled.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}
