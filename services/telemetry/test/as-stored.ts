import assert from "node:assert/strict";
import type { ClickHouse } from "@mosis/clickhouse";
import { BrokenLine, correctionOf, type EventRow, eventRow, sorted, stored } from "./contract.ts";
import { readBatches, readEvents, readRejected, readView, start } from "./read-stored.ts";
import { acceptedOf, type Delivered } from "./told.ts";

/** That the three tables hold exactly the rows of these requests, column by column. */
export async function assertStored(
  store: ClickHouse,
  appId: string,
  delivered: readonly Delivered[],
): Promise<void> {
  const events = lastOfEach(delivered.flatMap((it) => acceptedOf(it).map((event) => eventRow(event, it))));
  assertSameRows(await readEvents(store, appId), events);
  assertSameRows(await readView(store, appId), events.map(viewRow));
  assertSameRows(await readBatches(store, appId), delivered.map(batchRow));
  assertSameRows(await readRejected(store, appId), delivered.flatMap(rejectedRows));
}

/** Of several deliveries of an event the last one shows. */
function lastOfEach(rows: EventRow[]): EventRow[] {
  const delay = (row: EventRow) => row.received_delay_ms;
  const last = new Map<string, EventRow>();
  for (const row of rows) {
    const identity = `${row.session_id} ${row.client_time} ${row.event_key}`;
    const known = last.get(identity);
    if (!known || delay(known) <= delay(row)) last.set(identity, row);
  }
  return [...last.values()];
}

/** As sets: Kafka and the table may hold a row twice, and order is no promise. */
function assertSameRows(read: readonly object[], expected: readonly object[]): void {
  const [are, should] = [read, expected].map((rows) => new Set(rows.map((row) => JSON.stringify(row)))) as [
    Set<string>,
    Set<string>,
  ];
  const surplus = [...are].filter((row) => !should.has(row)).toSorted();
  const missing = [...should].filter((row) => !are.has(row)).toSorted();
  const wrong = `${surplus.length} rows are wrong or too many, ${missing.length} are missing`;
  // The first of each: a difference of whole tables takes longer to print than to find.
  assert.deepEqual(parsed(surplus[0]), parsed(missing[0]), wrong);
  assert.equal(surplus.length + missing.length, 0, wrong);
}

function parsed(row: string | undefined): unknown {
  return row === undefined ? "no row" : JSON.parse(row);
}

function viewRow(row: EventRow) {
  return {
    event_key: row.event_key,
    event_time: row.client_time + row.clock_correction_ms,
    received_at: row.client_time + row.received_delay_ms,
    properties: sorted([...row.properties_string, ...row.properties_number]),
  };
}

function batchRow(delivered: Delivered) {
  const { appId, batch, answer, keyId, bodyBytes, receivedAtMs } = delivered;
  const sdk = (batch["sdk"] ?? { name: "", version: "" }) as { name: string; version: string };
  const discarded = (batch["discarded"] ?? []) as { count: number }[];
  const cuts = answer.results.filter(({ code }) => code === "string_truncated").length;
  const correction = correctionOf(delivered);
  return {
    app_id: appId,
    batch_id: batch.batch_id.toLowerCase(),
    received_at: receivedAtMs,
    key_id: keyId,
    accepted: answer.accepted,
    rejected: answer.rejected,
    // All events of a clock that was corrected carry that warning.
    warned: correction === 0 ? cuts : answer.accepted,
    discarded: String(discarded.reduce((sum, { count }) => sum + BigInt(count), 0n)),
    body_bytes: bodyBytes,
    clock_correction_ms: correction,
    sdk_name: stored(sdk.name),
    sdk_version: stored(sdk.version),
  };
}

function rejectedRows({ appId, batch, answer, receivedAtMs }: Delivered) {
  const drops = answer.results.filter(({ result }) => result === "drop");
  return drops.map(({ index, code, pointer }) => {
    const event = batch.events[index];
    const id = event instanceof BrokenLine ? null : (event as { event_id?: unknown } | null)?.event_id;
    const raw = event instanceof BrokenLine ? event.text : JSON.stringify(event);
    return {
      app_id: appId,
      received_at: receivedAtMs,
      batch_id: batch.batch_id.toLowerCase(),
      index,
      event_id: typeof id === "string" ? stored(id.slice(0, 100)) : "",
      code,
      pointer: stored(pointer),
      raw: start(stored(raw)),
    };
  });
}
