import { type Pool, transaction } from "@mosis/postgres";
import { type Logger, type Metrics, newId } from "@mosis/runtime";
import { Waker } from "../../shared/waker.ts";
import { everyone } from "../../access/principal.ts";
import { systemAuthor } from "../../changes/outbox/record.ts";
import { removeLocked } from "./changes.ts";
import { lockUnconfirmed } from "./queries.ts";

/** The number of accounts that one round removes; the next round continues. */
const accountsPerRoundMax = 1000;

export interface AccountSweep {
  /** Waits until the account that is being removed is gone. */
  close(): Promise<void>;
}

/**
 * Removes accounts whose address was not confirmed in time, with their drafts and keys: anybody may have made
 * them, and they hold package ids and an address that others want. Several processes may run it: each account
 * is removed by one.
 * @param options.days since the account was made.
 */
export function startAccountSweep(options: {
  db: Pool;
  days: number;
  intervalMs: number;
  log: Logger;
  metrics: Metrics;
}): AccountSweep {
  const { days, intervalMs, log, metrics } = options;
  const db = options.db.as(everyone);
  const waker = new Waker();
  const swept = metrics.counter(
    "accounts_swept_total",
    "Accounts removed because their address was not confirmed in time.",
    [],
  );

  async function round(): Promise<void> {
    for (let left = accountsPerRoundMax; left > 0 && !waker.stopped; left--) {
      if (!(await transaction(db, (tx) => removeOldest(tx)))) return;
      swept.inc();
    }
  }

  const removeOldest: Parameters<typeof transaction<boolean>>[1] = async (tx) => {
    const account = await lockUnconfirmed(tx, days);
    if (!account) return false;
    await removeLocked(tx, account.email, systemAuthor(account.id, newId()));
    return true;
  };

  async function run(): Promise<void> {
    while (!waker.stopped) {
      await round().catch((error: unknown) => {
        log.warn({ err: error }, "Unconfirmed accounts were not removed: the next round tries again");
      });
      await waker.wait(intervalMs);
    }
  }

  const running = run();
  return {
    async close() {
      waker.stop();
      await running;
    },
  };
}
