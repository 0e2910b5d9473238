import { insertNative } from "@mosis/clickhouse";
import type { IncomingRecord } from "@mosis/kafka";
import { rejectedColumns } from "@mosis/types/telemetry-row";
import { insertBisecting } from "./bisect.ts";
import { type Block, type RecordFault, isFault, readBlock } from "./block.ts";
import type { Origin } from "./dead-letter.ts";
import type { Gathered } from "./gather.ts";
import type { StoreDeps } from "./insert.ts";

const table = "rejected_events_raw";

type Columns = Readonly<Record<string, string>>;

const { context: _context, clock_correction_ms: _correction, ...firstColumns } = rejectedColumns;
/** The current form, and the one before events could be replayed: dead letters keep it for 30 days. */
const forms: readonly Columns[] = [rejectedColumns, firstColumns];

/** Stores the records of `telemetry.rejected`: one insert a form, streamed without decoding. */
export async function storeRejected(deps: StoreDeps, { batches, isStale }: Gathered): Promise<void> {
  const { store, deadLetter, retry, metrics } = deps;
  const pieces: { origin: Origin; block: Block; columns: Columns }[] = [];
  for (const { topic, partition, records } of batches) {
    for (const record of records) {
      const origin = { topic, partition, record };
      const read = readInForm(record);
      if (isFault(read)) await deadLetter(origin, read, isStale);
      else if (read.block.rows > 0) pieces.push({ origin, ...read });
    }
  }
  for (const [columns, ofForm] of Map.groupBy(pieces, (piece) => piece.columns)) {
    await insertBisecting(
      ofForm,
      async (part) => {
        const blocks = part.map(({ block }) => block.value);
        const rows = part.reduce((sum, { block }) => sum + block.rows, 0);
        const insert = () => insertNative(store, { table, columns, blocks });
        await retry("Inserting rejected events", () => metrics.inserting(table, rows, insert), isStale);
      },
      ({ origin }, fault) => deadLetter(origin, fault, isStale),
    );
  }
}

/**
 * Reads a record in one of the forms.
 * @returns the fault of the current form when the record has neither.
 */
function readInForm(record: IncomingRecord): { block: Block; columns: Columns } | RecordFault {
  let first: RecordFault | null = null;
  for (const columns of forms) {
    const block = readBlock(record, Object.keys(columns).length);
    if (!isFault(block)) return { block, columns };
    first ??= block;
  }
  return first as RecordFault;
}
