import type { Queryable } from "@mosis/postgres";
import type { SecondFactorNeeded, SessionWithToken } from "@mosis/types/sessions";
import { credentialsInvalid } from "../../access/authenticate.ts";
import type { Sender } from "../../access/call.ts";
import { hasFactor } from "../second-factors/changes.ts";
import { findFactors } from "../second-factors/queries.ts";
import type { BeginSession } from "../sessions/changes.ts";
import { waitForFactor } from "./changes.ts";
import { lockAccount } from "./queries.ts";

/** A session, or what is missing for one. */
type FirstFactorAnswer = { status: 201; body: SessionWithToken } | { status: 202; body: SecondFactorNeeded };

/**
 * What somebody is answered whose password or provider was right. With a second factor enrolled, that alone
 * begins no session. Last in its transaction: see `record`.
 */
export type AnswerFirstFactor = (
  tx: Queryable,
  by: { sender: Sender; developerId: string },
) => Promise<FirstFactorAnswer>;

export function createAnswerFirstFactor({ beginSession }: { beginSession: BeginSession }): AnswerFirstFactor {
  return async (tx, { sender, developerId }) => {
    // Locked before the factors are read: whoever enrols the first one meanwhile ends what this begins.
    if (!(await lockAccount(tx, developerId))) throw credentialsInvalid();
    const factors = await findFactors(tx, developerId);
    if (!hasFactor(factors)) {
      const session = await beginSession(tx, { sender, developerId, secondFactor: null, events: [] });
      return { status: 201, body: session };
    }
    return { status: 202, body: await waitForFactor(tx, developerId, factors) };
  };
}
