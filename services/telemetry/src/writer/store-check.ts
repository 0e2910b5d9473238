import { type ClickHouse, select } from "@mosis/clickhouse";
import type { Metrics } from "@mosis/runtime";
import Type from "typebox";

/**
 * The least free space on a disk. Below it ClickHouse may be unable to merge parts, and soon accepts no
 * inserts.
 */
const freeBytesMin = 268_435_456;
/** The time between two queries for the free space on its disks. */
const diskIntervalMs = 10_000;

export interface StoreCheck {
  /** Notes work that the writer could not do for now, by name; null when it can again. */
  note(what: string, error: unknown): void;
  /**
   * The check of `/readyz`. ClickHouse answers queries even when it has no space for inserts.
   * @throws Error while it does not answer, while the last try of an insert was refused, and when a disk is
   * full.
   */
  check(): Promise<void>;
}

const Disk = Type.Object({ name: Type.String(), free: Type.String(), total: Type.String() });

/**
 * Creates the check. It uses the inserts that are made anyway, and the free space: nothing is written for it.
 */
export function createStoreCheck(store: ClickHouse, metrics: Metrics): StoreCheck {
  const failing = new Map<string, unknown>();
  const free = metrics.gauge("clickhouse_disk_free_bytes", "Room on a disk of ClickHouse.", ["disk"]);
  const total = metrics.gauge("clickhouse_disk_bytes", "Size of a disk of ClickHouse.", ["disk"]);
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let full: string[] = [];
  const look = async () => {
    if (performance.now() - askedAtMs < diskIntervalMs) return;
    const disks = await select(
      store,
      Disk,
      "select name, toString(unreserved_space) as free, toString(total_space) as total from system.disks",
      {},
    );
    for (const disk of disks) {
      free.set({ disk: disk.name }, Number(disk.free));
      total.set({ disk: disk.name }, Number(disk.total));
    }
    full = disks.flatMap((disk) => (Number(disk.free) < freeBytesMin ? [disk.name] : []));
    askedAtMs = full.length > 0 ? Number.NEGATIVE_INFINITY : performance.now();
  };
  return {
    note(what, error) {
      if (error === null) failing.delete(what);
      else failing.set(what, error);
    },
    async check() {
      await store.health();
      await look();
      const [first] = failing;
      if (first) {
        const [what, error] = first;
        throw new Error(`${what} is not possible: ${reasonOf(error)}`);
      }
      if (full.length > 0) throw new Error(`No room is left on disk ${full.join(", ")} of ClickHouse`);
    },
  };
}

/** Returns ClickHouse's own message, because the message of our error is meant for clients. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
