import { insertNative } from "@mosis/clickhouse";
import type { IncomingRecord } from "@mosis/kafka";
import { rejectedColumns } from "@mosis/types/telemetry-row";
import { insertBisecting } from "./bisect.ts";
import { type Block, type RecordFault, isFault, readBlock } from "./block.ts";
import type { Origin } from "./dead-letter.ts";
import { isFromReplay, rejectedNotErased } from "./deleting/left-out.ts";
import type { Gathered } from "./gather.ts";
import type { StoreDeps } from "./insert.ts";

const table = "rejected_events_raw";

type Columns = Readonly<Record<string, string>>;

/** Blocks that go into one insert. */
interface Group {
  columns: Columns;
  isReplay: boolean;
  pieces: { origin: Origin; block: Block }[];
}

const { context: _context, clock_correction_ms: _correction, ...firstColumns } = rejectedColumns;
/** The current form, and the one before events could be replayed: dead letters keep it for 30 days. */
const forms: readonly Columns[] = [rejectedColumns, firstColumns];

/**
 * Stores the records of `telemetry.rejected`: one insert a form, streamed without decoding. Those of a replay
 * go apart, without what was erased since.
 */
export async function storeRejected(deps: StoreDeps, { batches, isStale }: Gathered): Promise<void> {
  const { store, deadLetter, retry, metrics } = deps;
  const groups = new Map<string, Group>();
  for (const { topic, partition, records } of batches) {
    for (const record of records) {
      const origin = { topic, partition, record };
      const read = readInForm(record);
      if (isFault(read)) await deadLetter(origin, read, isStale);
      else if (read.block.rows > 0) {
        const isReplay = isFromReplay(record);
        const { columns, block } = read;
        const name = `${Object.keys(columns).length} ${isReplay}`;
        const group = groups.get(name) ?? { columns, isReplay, pieces: [] };
        groups.set(name, group);
        group.pieces.push({ origin, block });
      }
    }
  }
  for (const { columns, isReplay, pieces } of groups.values()) {
    const chosen = isReplay ? { from: rejectedNotErased(columns) } : {};
    await insertBisecting(
      pieces,
      async (part) => {
        const blocks = part.map(({ block }) => block.value);
        const insert = () => insertNative(store, { table, columns, blocks, ...chosen });
        await retry("Inserting rejected events", () => metrics.inserting(table, null, insert), isStale);
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
