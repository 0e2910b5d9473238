import { type Problem, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { everyone } from "../../access/principal.ts";
import { type Bucket, giveBackOne, keyOf, refill, takeOne } from "./queries.ts";

/** What is throttled by account. */
type Attempt = "sign-in" | "totp" | "recovery_code";

/** By account, over all processes. Mails are limited where they are queued: `queue_mail` in the database. */
const limits: Record<Attempt, Bucket> = {
  // Wrong passwords: about a hundred a day.
  "sign-in": { burst: 10, everySeconds: 900 },
  // Wrong codes: three of a million are right at a time, so a guess a quarter of an hour needs decades.
  totp: { burst: 10, everySeconds: 900 },
  recovery_code: { burst: 10, everySeconds: 900 },
};

/**
 * How often something is tried, over all processes: a password with an e-mail address, whether it has an
 * account or not, a code with a developer's id. PostgreSQL counts, because a password is guessed in as many
 * processes as there are.
 */
export interface AccountThrottle {
  /** Before the attempt, so that many at once are not all the first. @throws Problem `rate_limited` (429). */
  take(attempt: Attempt, of: string): Promise<void>;
  /**
   * Takes one, and gives it back unless the guess was wrong: `guess` says null then. When it throws, nobody
   * has learnt anything.
   * @throws Problem `rate_limited` (429).
   */
  countWrong<T>(attempt: Attempt, of: string, guess: () => Promise<T | null>): Promise<T | null>;
  /** Whoever has the address has proved it: what was tried by others is no longer in the way. */
  forget(attempt: Attempt, of: string): Promise<void>;
}

export function createAccountThrottle(db: Pool): AccountThrottle {
  const all = db.as(everyone);
  const take = async (attempt: Attempt, of: string) => {
    const { taken, wait_seconds } = await takeOne(all, keyOf(attempt, of), limits[attempt]);
    if (!taken) throw throttled("with this account", wait_seconds);
  };
  return {
    take,
    async countWrong(attempt, of, guess) {
      await take(attempt, of);
      let isWrong = false;
      try {
        const right = await guess();
        isWrong = right === null;
        return right;
      } finally {
        if (!isWrong) await giveBackOne(all, keyOf(attempt, of), limits[attempt]);
      }
    },
    async forget(attempt, of) {
      await refill(all, keyOf(attempt, of));
    },
  };
}

/** @param what was tried too often, as in "too many attempts <what>". */
export function throttled(what: string, waitSeconds: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitSeconds));
  return problem("rate_limited", `Too many attempts ${what}: try again in ${seconds} s.`, {
    headers: { "Retry-After": String(seconds) },
  });
}
