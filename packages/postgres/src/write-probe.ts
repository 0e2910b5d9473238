import type { Metrics } from "@mosis/runtime";
import { one } from "./query.ts";
import type { Pool } from "./pool.ts";
import { sql } from "./sql.ts";
import { transaction } from "./transaction.ts";
import Type from "typebox";

/** The pause after a successful probe. After a failed one, each check probes. */
const intervalMsDefault = 30_000;

/** About 240 kB, so that sorting them with 64 kB of memory writes a file. */
const rows = 4000;

/**
 * Creates a check for `/readyz`: whether PostgreSQL answers, and from time to time whether it can write. A
 * server with a full disk answers every question and refuses every change. No SQL function reports free
 * space, so the check makes a sort that does not fit into its memory: PostgreSQL writes it into a file, on
 * the disk of the database unless `temp_tablespaces` says otherwise. The check needs no table and no right,
 * and leaves nothing behind.
 * @returns a function that throws when PostgreSQL is away, refuses changes, or has no room.
 */
export function createWriteProbe(
  db: Pool,
  { metrics, intervalMs = intervalMsDefault }: { metrics: Metrics; intervalMs?: number },
): () => Promise<void> {
  const probes = metrics.counter(
    "postgres_write_probes_total",
    "Checks of /readyz whether PostgreSQL can write.",
    ["result"],
  );
  for (const result of ["written", "failed"]) probes.inc({ result }, 0);
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    await db.check();
    if (performance.now() - writtenAtMs < intervalMs) return;
    writtenAtMs = Number.NEGATIVE_INFINITY;
    try {
      await write(db);
    } catch (error) {
      probes.inc({ result: "failed" });
      throw error;
    }
    probes.inc({ result: "written" });
    writtenAtMs = performance.now();
  };
}

const Settings = Type.Object({ work_mem: Type.String(), is_read_only: Type.Boolean() });
const Sorted = Type.Object({ last: Type.String() });

async function write(db: Pool): Promise<void> {
  const isReadOnly = await transaction(db, async (tx) => {
    const settings = await one(
      tx,
      Settings,
      sql`
        select set_config('work_mem', '64kB', true) as work_mem,
               current_setting('transaction_read_only')::boolean as is_read_only`,
    );
    await one(
      tx,
      Sorted,
      sql`
        select max(text) as last from (
          select md5(n::text) as text from generate_series(1, ${rows}) as n order by text offset 0
        ) as sorted`,
    );
    return settings.is_read_only;
  });
  if (isReadOnly) throw new Error("PostgreSQL takes no changes: it is a standby, or set to read only");
}
