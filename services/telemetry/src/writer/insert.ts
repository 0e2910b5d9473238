import { type ClickHouse, insertNative, type NativeInsert } from "@mosis/clickhouse";
import type { IncomingRecord } from "@mosis/kafka";
import { batchColumns, eventColumns, outcomeColumns, replayedColumns } from "@mosis/types/telemetry-row";
import { recordHeaders } from "@mosis/types/topics";
import { insertBisecting } from "./bisect.ts";
import { type RecordFault, isFault, monthOf, readBlock } from "./block.ts";
import type { DeadLetter, Origin } from "./dead-letter.ts";
import { eventsNotErased, isFromReplay } from "./deleting/left-out.ts";
import type { Gathered } from "./gather.ts";
import type { WriterMetrics } from "./metrics.ts";
import type { Retry } from "./retry.ts";

export interface StoreDeps {
  store: ClickHouse;
  deadLetter: DeadLetter;
  retry: Retry;
  metrics: WriterMetrics;
}

/** The events of one record. */
interface EventsPiece {
  origin: Origin;
  block: Buffer;
  rows: number;
}

/** A block in a header of the last record of a flush. */
interface BesidesPiece {
  origin: Origin;
  block: Buffer;
}

/** The deliveries of one flush, and how many records of that flush could not be stored. */
interface DeliveriesPiece extends BesidesPiece {
  deadLetters: number;
}

/**
 * The blocks that may accompany the deliveries of a flush, by header, in the order in which they are stored.
 */
const besides = [
  { header: recordHeaders.outcomes, table: "outcomes_raw", columns: outcomeColumns },
  { header: recordHeaders.replayed, table: "replayed_events_raw", columns: replayedColumns },
] as const;

const eventsWidth = Object.keys(eventColumns).length;

/**
 * Stores the records fetched from `telemetry.events`. The order is the guarantee:
 *
 * 1. **Events**: one insert for each month. Records from a replay are inserted without events that were
 *    erased since. While ClickHouse is away, it is tried again until it is back, and nothing else happens. A
 *    record that cannot be read or is refused goes to the dead letters, acknowledged, before anything goes
 *    on.
 * 2. **What accompanies deliveries**: their outcomes, and the marks of replayed events. After a crash before
 *    this step or the next, everything comes again, and falls onto the same keys.
 * 3. **Deliveries**: the rows of `ingest_batches`. They come last in their flush and are stored after all
 *    else, so a reader who sees a delivery sees its events and its outcomes.
 * 4. **Offsets**: the consumer commits them when this resolves. After a crash before that, everything comes
 *    again, too.
 */
export async function storeEvents(deps: StoreDeps, gathered: Gathered): Promise<void> {
  const { events, beside, deliveries, faults } = sortRecords(gathered);
  const setAside = createSetAside(deps, gathered, deliveries);
  for (const [origin, fault] of faults) await setAside(origin, fault);

  // 1
  for (const { pieces, isReplay } of events.values()) {
    await insertBisecting(
      pieces,
      (part) => insertEvents(deps, part, isReplay, gathered.isStale),
      ({ origin }, fault) => setAside(origin, fault),
    );
  }
  // 2
  for (const { header, table, columns } of besides) {
    await insertBisecting(
      beside.get(header) ?? [],
      (part) => insertBlocks(deps, { table, columns, blocks: blocksOf(part) }, gathered.isStale),
      ({ origin }, fault) => setAside(origin, fault),
    );
  }
  // 3
  for (const [deadLetters, pieces] of Map.groupBy(deliveries, (piece) => piece.deadLetters)) {
    await insertBisecting(
      pieces,
      (part) => insertDeliveries(deps, part, deadLetters, gathered.isStale),
      ({ origin }, fault) => setAside(origin, fault),
    );
  }
  for (const { records } of gathered.batches) deps.metrics.fresh(records);
  // 4 is the caller's.
}

/** Events that go into one insert. */
interface EventsPieces {
  isReplay: boolean;
  pieces: EventsPiece[];
}

interface Sorted {
  /** The events by month, with those of a replay kept apart. */
  events: Map<string, EventsPieces>;
  /** The accompanying blocks by header. */
  beside: Map<string, BesidesPiece[]>;
  deliveries: DeliveriesPiece[];
  faults: [Origin, RecordFault][];
}

function sortRecords({ batches }: Gathered): Sorted {
  const sorted: Sorted = { events: new Map(), beside: new Map(), deliveries: [], faults: [] };
  for (const { topic, partition, records } of batches) {
    for (const record of records) sortRecord(sorted, { topic, partition, record });
  }
  return sorted;
}

function sortRecord({ events, beside, deliveries, faults }: Sorted, origin: Origin): void {
  const { record } = origin;
  const block = readBlock(record, eventsWidth);
  const month = monthOf(record);
  if (isFault(block)) return void faults.push([origin, block]);
  if (typeof month !== "string") return void faults.push([origin, month]);
  if (block.rows > 0) {
    const isReplay = isFromReplay(record);
    const name = isReplay ? `${month} from a replay` : month;
    const group = events.get(name) ?? { isReplay, pieces: [] };
    events.set(name, group);
    group.pieces.push({ origin, block: block.value, rows: block.rows });
  }
  for (const { header } of besides) {
    const block = record.headers[header];
    if (!block) continue;
    const pieces = beside.get(header) ?? [];
    beside.set(header, pieces);
    pieces.push({ origin, block });
  }
  const batches = record.headers[recordHeaders.batches];
  if (batches) deliveries.push({ origin, block: batches, deadLetters: 0 });
}

/**
 * Dead-letters a record of a flush and marks the deliveries of that flush: some of their events are
 * missing. The flush ends with the next record of the partition that carries deliveries; they go along, so
 * that a replay can mend the mark.
 */
function createSetAside(deps: StoreDeps, { isStale }: Gathered, deliveries: DeliveriesPiece[]) {
  return async (origin: Origin, fault: RecordFault): Promise<void> => {
    const flush = deliveries.find((piece) => isSameFlush(origin, piece.origin));
    if (flush) flush.deadLetters++;
    const extra: Record<string, Buffer> = {};
    if (flush && fits(origin.record, flush.block)) extra[recordHeaders.batches] = flush.block;
    await deps.deadLetter(origin, fault, isStale, extra);
  };
}

/**
 * `deliveries` are in the order of their partition, so the first one at or behind a record ends its flush.
 */
function isSameFlush(record: Origin, end: Origin): boolean {
  return record.partition === end.partition && BigInt(record.record.offset) <= BigInt(end.record.offset);
}

/** A dead letter must not outgrow its topic: better one without its deliveries than none. */
const deadLetterBytesMax = 1_300_000;

function fits({ value, headers }: IncomingRecord, extra: Buffer): boolean {
  const own = Object.values(headers).reduce((sum, header) => sum + header.length, value?.length ?? 0);
  return own + extra.length <= deadLetterBytesMax;
}

function insertEvents(
  deps: StoreDeps,
  pieces: readonly EventsPiece[],
  isReplay: boolean,
  isStale: () => boolean,
): Promise<void> {
  const insert = { table: "events_raw", columns: eventColumns, blocks: blocksOf(pieces) };
  if (isReplay) return insertBlocks(deps, { ...insert, from: eventsNotErased }, isStale);
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  return insertBlocks(deps, insert, isStale, rows);
}

function insertDeliveries(
  deps: StoreDeps,
  pieces: readonly DeliveriesPiece[],
  deadLetters: number,
  isStale: () => boolean,
): Promise<void> {
  const constants = deadLetters > 0 ? { dead_letters: deadLetters } : {};
  const insert = { table: "ingest_batches_raw", columns: batchColumns, blocks: blocksOf(pieces), constants };
  return insertBlocks(deps, insert, isStale);
}

async function insertBlocks(
  { store, retry, metrics }: StoreDeps,
  insert: NativeInsert,
  isStale: () => boolean,
  rows: number | null = null,
): Promise<void> {
  await retry(
    `Inserting into ${insert.table}`,
    () => metrics.inserting(insert.table, rows, () => insertNative(store, insert)),
    isStale,
  );
}

function blocksOf(pieces: readonly { block: Buffer }[]): Buffer[] {
  return pieces.map(({ block }) => block);
}
