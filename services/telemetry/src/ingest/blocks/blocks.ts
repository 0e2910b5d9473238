import { type NativeBlock, openBlock } from "@mosis/clickhouse/native-block";
import type { OutgoingBatch, OutgoingRecord } from "@mosis/kafka";
import { batchColumns, outcomeColumns, rejectedColumns, replayedColumns } from "@mosis/types/telemetry-row";
import { blockFormat, recordHeaders, topics } from "@mosis/types/topics";
import { type EventBlock, openEventBlock } from "./columns.ts";
import { type DiscardReasons, openDiscardReasons } from "./discard-reasons.ts";
import { type Months, monthsAround, slotCount } from "./months.ts";

/** The blocks that requests are appended to, until a flush takes what they hold. */
export interface OpenBlocks {
  /** One block for each month; `months.slotOf` says which. */
  readonly events: readonly EventBlock[];
  readonly batches: NativeBlock<typeof batchColumns>;
  readonly outcomes: NativeBlock<typeof outcomeColumns>;
  readonly replayed: NativeBlock<typeof replayedColumns>;
  readonly rejected: NativeBlock<typeof rejectedColumns>;
  readonly discardReasons: DiscardReasons;
  /** Returns the months of the open blocks. They change only while the blocks are empty. */
  months(nowMs: number): Months;
  byteLength(): number;
  eventRows(): number;
  /**
   * Returns all rows as Kafka records, with all events in one partition, and empties the blocks.
   * @param isLast false for every part of a flush but the last: the rows of the batches prove that their
   * events are stored, so they must not be there first.
   */
  take(partition: number, isLast: boolean): OutgoingBatch[];
  reset(): void;
}

export function openBlocks(): OpenBlocks {
  const events = Array.from({ length: slotCount }, openEventBlock);
  const batches = openBlock(batchColumns);
  const rejected = openBlock(rejectedColumns);
  // These blocks go into headers of the last record, each under its name.
  const besides = { batches, outcomes: openBlock(outcomeColumns), replayed: openBlock(replayedColumns) };
  const mostlyEmpty = [...events, rejected, besides.outcomes, besides.replayed];
  const eventRows = () => events.reduce((sum, block) => sum + block.rows(), 0);
  let months = monthsAround(Date.now());

  const takeEvents = (partition: number): OutgoingRecord[] =>
    events.flatMap((block, slot) => {
      const rows = block.rows();
      if (rows === 0) return [];
      const headers = eventHeaders(rows, months.nameOf(slot));
      return [{ value: block.encode(), headers, partition }];
    });

  return {
    ...besides,
    events,
    rejected,
    discardReasons: openDiscardReasons(),
    eventRows,
    months(nowMs) {
      if (nowMs >= months.untilMs && eventRows() === 0) months = monthsAround(nowMs);
      return months;
    },
    byteLength() {
      let bytes = batches.byteLength();
      for (const block of mostlyEmpty) if (block.rows() > 0) bytes += block.byteLength();
      return bytes;
    },
    take(partition, isLast) {
      const records = takeEvents(partition);
      const headers = isLast ? encodeFilled(besides) : {};
      if (Object.keys(headers).length > 0) {
        if (records.length === 0) records.push({ value: "", headers: eventHeaders(0, "0"), partition });
        const last = records.at(-1);
        if (last) last.headers = { ...last.headers, ...headers };
      }
      const part: OutgoingBatch[] = records.length > 0 ? [{ topic: topics.events, messages: records }] : [];
      if (rejected.rows() > 0) part.push({ topic: topics.rejected, messages: [takeRejected(rejected)] });
      return part;
    },
    reset() {
      batches.reset();
      for (const block of mostlyEmpty) block.reset();
    },
  };
}

/** Encodes each block that has rows, under the name of its header. */
function encodeFilled(blocks: Pick<OpenBlocks, "batches" | "outcomes" | "replayed">): Record<string, Buffer> {
  const headers: Record<string, Buffer> = {};
  for (const name of ["batches", "outcomes", "replayed"] as const) {
    if (blocks[name].rows() > 0) headers[recordHeaders[name]] = blocks[name].encode();
  }
  return headers;
}

function eventHeaders(rows: number, month: string): Record<string, string | Buffer> {
  return {
    [recordHeaders.format]: blockFormat,
    [recordHeaders.rows]: String(rows),
    [recordHeaders.month]: month,
  };
}

function takeRejected(block: OpenBlocks["rejected"]): OutgoingRecord {
  const headers = { [recordHeaders.format]: blockFormat, [recordHeaders.rows]: String(block.rows()) };
  return { value: block.encode(), headers };
}
