import { type Problem, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { everyone } from "../../access/principal.ts";
import { type Bucket, giveBackOne, keyOf, refill, takeOne } from "./queries.ts";

/** The attempts that are throttled by account. */
type Attempt = "sign-in" | "totp" | "recovery_code";

/**
 * The limits of an account over all processes. Mails are limited where they are queued: `queue_mail` in the
 * database.
 */
const limits: Record<Attempt, Bucket> = {
  // Allows about a hundred wrong passwords a day.
  "sign-in": { burst: 10, everySeconds: 900 },
  // Three of a million codes are right at a time, so a guess every quarter of an hour needs decades.
  totp: { burst: 10, everySeconds: 900 },
  recovery_code: { burst: 10, everySeconds: 900 },
};

/**
 * Limits how often something is tried, over all processes: a password for an e-mail address, even without an
 * account, or a code for a developer's id. PostgreSQL counts, because an attacker spreads guesses over all
 * processes.
 */
export interface AccountThrottle {
  /**
   * Takes a token before the attempt, so that concurrent attempts cannot all pass as the first.
   * @throws Problem `rate_limited` (429).
   */
  take(attempt: Attempt, of: string): Promise<void>;
  /**
   * Takes a token, and gives it back unless the guess was wrong, in which case `guess` returns null. The
   * token also returns when it throws, because then nobody has learnt anything.
   * @throws Problem `rate_limited` (429).
   */
  countWrong<T>(attempt: Attempt, of: string, guess: () => Promise<T | null>): Promise<T | null>;
  /**
   * Forgets the attempts once the owner has proved that the address is theirs, so that others' attempts do
   * not block them.
   */
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

/**
 * The problem of too many attempts.
 * @param what the object of the attempts, as in "too many attempts <what>".
 */
export function throttled(what: string, waitSeconds: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitSeconds));
  return problem("rate_limited", `Too many attempts ${what}: try again in ${seconds} s.`, {
    headers: { "Retry-After": String(seconds) },
  });
}
