import Type from "typebox";
import { type ClickHouse, select } from "@mosis/clickhouse";
import type { Ledger } from "../demo/ledger.ts";
import { type NumberedBatch, numberProperty } from "./numbered.ts";

/** The acknowledged events compared with the view `events`, one by one. */
export interface Comparison {
  acknowledged: number;
  /** Events that were acknowledged and are missing, or belong to another app. */
  lost: number;
  /** Events that appear more than once. */
  duplicated: number;
  /** Events that are there and were never acknowledged: every batch of a run is acknowledged in the end. */
  unknown: number;
}

const pageNumbers = 100_000;

export async function compareEvents(
  store: ClickHouse,
  appIds: readonly string[],
  ledger: Ledger,
  batches: readonly NumberedBatch[],
): Promise<Comparison> {
  const known = batches.filter(({ batchId }) => ledger.entries.has(batchId));
  const apps = appOfNumber(known, batches);
  const result = { acknowledged: 0, lost: 0, duplicated: 0, unknown: 0 };
  for (let from = 0; from < apps.length; from += pageNumbers) {
    const rows = await selectCopies(store, appIds, from);
    const copies = new Map(rows.map(({ app_id, number, count }) => [`${app_id} ${number}`, count]));
    const page = apps.subarray(from, from + pageNumbers);
    for (const [index, app] of page.entries()) {
      if (app === nobody) continue;
      const id = `${appIds[app]} ${from + index}`;
      const seen = copies.get(id) ?? 0;
      copies.delete(id);
      result.acknowledged++;
      if (seen === 0) result.lost++;
      else result.duplicated += seen - 1;
    }
    for (const count of copies.values()) result.unknown += count;
  }
  return result;
}

const nobody = 255;

/** Returns the index of the app of each number; `nobody` when its batch was not acknowledged. */
function appOfNumber(known: readonly NumberedBatch[], all: readonly NumberedBatch[]): Uint8Array {
  const last = all.at(-1);
  const apps = new Uint8Array(last ? last.first + last.count : 0).fill(nobody);
  for (const { app, first, count } of known) apps.fill(app, first, first + count);
  return apps;
}

function selectCopies(store: ClickHouse, appIds: readonly string[], from: number) {
  return select(
    store,
    Type.Object({ app_id: Type.String(), number: Type.Integer(), count: Type.Integer() }),
    `select app_id, toUInt32(properties_number['${numberProperty}']) as number, toUInt32(count()) as count
     from events
     where app_id in {apps:Array(UUID)} and mapContains(properties_number, '${numberProperty}')
       and number >= {from:UInt32} and number < {to:UInt32}
     group by app_id, number`,
    { apps: appIds, from, to: from + pageNumbers },
    // One row for each number; more only when numbers are seen under foreign apps.
    { rowsMax: 3 * pageNumbers },
  );
}
