import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import Type from "typebox";
import { type ClickHouse, type ClickHouseConfig, openClickHouse } from "./client.ts";
import { ClickHouseRefused, failureOf } from "./failure.ts";
import { select } from "./query.ts";

const waitMs = 60_000;
const holdSecondsMax = 3600;
const pollMs = 50;
const queryIdInUse = 216;

/**
 * Runs the work while no other migration of this database runs. The lock is a query that sleeps under a fixed
 * id, and a server runs one query of an id at a time. It ends with its connection, so a job that is killed
 * leaves no lock behind.
 * @throws Error when the lock is not free within a minute.
 */
export async function withMigrationLock<T>(config: ClickHouseConfig, work: () => Promise<T>): Promise<T> {
  // This store is separate, because its one call takes as long as the work.
  const store = openClickHouse({ ...config, requestTimeoutMs: holdSecondsMax * 1000 });
  const deadline = Date.now() + waitMs;
  try {
    for (;;) {
      const lock = hold(store);
      try {
        if (await isOurs(store, lock)) return await work();
      } finally {
        await lock.release();
      }
      if (Date.now() > deadline)
        throw new Error(`Another migration of ${store.database} runs for over a minute.`);
      await delay(pollMs);
    }
  } finally {
    await store.close();
  }
}

interface Lock {
  owner: string;
  /**
   * Resolves with true when somebody else holds the lock, rejects when the query could not run, and stays
   * pending while the lock is ours.
   */
  taken: Promise<boolean>;
  release(): Promise<void>;
}

const lockId = (database: string) => `migration of ${database}`;

function hold(store: ClickHouse): Lock {
  const owner = randomUUID();
  const stop = new AbortController();
  const query = store.client.command({
    query: `select sleepEachRow(0.2) from numbers(${holdSecondsMax * 5}) format Null`,
    query_id: lockId(store.database),
    abort_signal: stop.signal,
    clickhouse_settings: {
      log_comment: owner,
      max_block_size: "1",
      max_execution_time: holdSecondsMax,
      // A query that is not read-only would sleep on after its client is gone.
      readonly: "2",
      cancel_http_readonly_queries_on_client_close: 1,
    },
  });
  const taken = query.then(
    () => true,
    (error: unknown) => {
      const failure = failureOf(error);
      if (stop.signal.aborted) return true;
      if (failure instanceof ClickHouseRefused && failure.code === queryIdInUse) return true;
      throw failure;
    },
  );
  // Nobody may be watching it: that depends on how far the holder gets.
  taken.catch(() => {});
  return {
    owner,
    taken,
    async release() {
      stop.abort();
      await taken.catch(() => {});
    },
  };
}

/** Waits until the server runs our query, or reports that it runs another with this id. */
async function isOurs(store: ClickHouse, { owner, taken }: Lock): Promise<boolean> {
  const row = Type.Object({ owner: Type.String() });
  for (;;) {
    const settled = await Promise.race([taken, delay(pollMs, false)]);
    if (settled) return false;
    const running = await select(
      store,
      row,
      "select Settings['log_comment'] as owner from system.processes where query_id = {id:String}",
      { id: lockId(store.database) },
    );
    if (running.some((process) => process.owner === owner)) return true;
  }
}
