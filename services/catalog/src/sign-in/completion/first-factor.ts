import type { Queryable } from "@mosis/postgres";
import type { SecondFactorNeeded, SessionWithToken } from "@mosis/types/sessions";
import { credentialsInvalid } from "../../access/authenticate.ts";
import type { Sender } from "../../access/call.ts";
import { hasFactor } from "../second-factors/changes.ts";
import { findFactors } from "../second-factors/queries.ts";
import type { BeginSession } from "../sessions/changes.ts";
import { waitForFactor } from "./changes.ts";
import { lockAccount } from "./queries.ts";

/** A session, or the second factor that is still missing for one. */
type FirstFactorAnswer = { status: 201; body: SessionWithToken } | { status: 202; body: SecondFactorNeeded };

/**
 * Answers a right password or provider. When a second factor is enrolled, no session begins yet. Call it last
 * in its transaction: see `record`.
 */
export type AnswerFirstFactor = (
  tx: Queryable,
  by: { sender: Sender; developerId: string },
) => Promise<FirstFactorAnswer>;

export function createAnswerFirstFactor({ beginSession }: { beginSession: BeginSession }): AnswerFirstFactor {
  return async (tx, { sender, developerId }) => {
    // The account is locked before the factors are read: a concurrent enrolment of the first factor then ends
    // the session that begins here.
    if (!(await lockAccount(tx, developerId))) throw credentialsInvalid();
    const factors = await findFactors(tx, developerId);
    if (!hasFactor(factors)) {
      const session = await beginSession(tx, { sender, developerId, secondFactor: null, events: [] });
      return { status: 201, body: session };
    }
    return { status: 202, body: await waitForFactor(tx, developerId, factors) };
  };
}
