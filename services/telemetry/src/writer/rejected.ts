import { insertNative } from "@mosis/clickhouse";
import { rejectedColumns } from "@mosis/types/telemetry-row";
import { insertBisecting } from "./bisect.ts";
import { isFault, readBlock } from "./block.ts";
import type { Origin } from "./dead-letter.ts";
import type { Gathered } from "./gather.ts";
import type { StoreDeps } from "./insert.ts";

const width = Object.keys(rejectedColumns).length;
const table = "rejected_events_raw";

/** Stores what was fetched of `telemetry.rejected`: one insert, streamed without decoding. */
export async function storeRejected(deps: StoreDeps, { batches, isStale }: Gathered): Promise<void> {
  const { store, deadLetter, persist, metrics } = deps;
  const pieces: { origin: Origin; block: Buffer; rows: number }[] = [];
  for (const { topic, partition, records } of batches) {
    for (const record of records) {
      const origin = { topic, partition, record };
      const block = readBlock(record, width);
      if (isFault(block)) await deadLetter(origin, block, isStale);
      else if (block.rows > 0) pieces.push({ origin, block: block.value, rows: block.rows });
    }
  }
  await insertBisecting(
    pieces,
    async (part) => {
      const blocks = part.map(({ block }) => block);
      const rows = part.reduce((sum, piece) => sum + piece.rows, 0);
      const insert = () => insertNative(store, { table, columns: rejectedColumns, blocks });
      await persist("Inserting rejected events", () => metrics.inserting(table, rows, insert), isStale);
    },
    ({ origin }, fault) => deadLetter(origin, fault, isStale),
  );
}
