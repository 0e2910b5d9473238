import type { Pool } from "@mosis/postgres";
import { everyone } from "../principal.ts";
import { throttled } from "./throttled.ts";
import { type Bucket, giveBackOne, keyOf, refill, takeOne } from "./queries.ts";

/** What is throttled by account. */
type Attempt = "sign-in";
export type AccountLimits = Record<Attempt, Bucket>;

/**
 * How often something is tried with an e-mail address, over all processes, whether it has an account or not.
 * PostgreSQL counts, because a password is guessed in as many processes as there are.
 */
export interface AccountThrottle {
  /** Before the attempt, so that many at once are not all the first. @throws Problem `rate_limited` (429). */
  take(attempt: Attempt, email: string): Promise<void>;
  /**
   * Takes one, and gives it back unless the guess was wrong: `guess` says null then. When it throws, nobody
   * has learnt anything.
   * @throws Problem `rate_limited` (429).
   */
  countWrong<T>(attempt: Attempt, email: string, guess: () => Promise<T | null>): Promise<T | null>;
  /** Whoever has the address has proved it: what was tried by others is no longer in the way. */
  forget(attempt: Attempt, email: string): Promise<void>;
}

export function createAccountThrottle({ db, limits }: { db: Pool; limits: AccountLimits }): AccountThrottle {
  const all = db.as(everyone);
  const take = async (attempt: Attempt, email: string) => {
    const { taken, wait_seconds } = await takeOne(all, keyOf(attempt, email), limits[attempt]);
    if (!taken) throw throttled(`with this e-mail address`, wait_seconds);
  };
  return {
    take,
    async countWrong(attempt, email, guess) {
      await take(attempt, email);
      let isWrong = false;
      try {
        const right = await guess();
        isWrong = right === null;
        return right;
      } finally {
        if (!isWrong) await giveBackOne(all, keyOf(attempt, email), limits[attempt]);
      }
    },
    async forget(attempt, email) {
      await refill(all, keyOf(attempt, email));
    },
  };
}
