import { percentile } from "../demo/freshness.ts";
import { sum } from "../demo/ledger.ts";
import { table } from "../demo/table.ts";
import type { Done } from "./carry-out.ts";
import type { Comparison } from "./compare.ts";
import { targets } from "./plan.ts";

export function printFaults({ kills, pauses, comebacksMs }: Done): void {
  const rows = targets.map((target) => [
    target,
    kills[target],
    pauses[target],
    seconds(comebacksMs[target], 0.5),
    seconds(comebacksMs[target], 1),
  ]);
  const all = Object.values(comebacksMs).flat();
  rows.push([
    "all",
    sum(Object.values(kills)),
    sum(Object.values(pauses)),
    seconds(all, 0.5),
    seconds(all, 1),
  ]);
  console.log(`\n${table(["", "kills", "pauses", "back p50", "back max"], rows)}\n`);
}

/** @returns what is wrong, in words; empty when nothing is. */
export function printComparison({ acknowledged, lost, duplicated, unknown }: Comparison): string[] {
  const counts = { acknowledged, lost, duplicated, "never acknowledged": unknown };
  console.log(`${table(["events, one by one", "count"], Object.entries(counts))}\n`);
  return Object.entries(counts)
    .filter(([name, count]) => name !== "acknowledged" && count > 0)
    .map(([name, count]) => `${count} events ${name}`);
}

function seconds(values: readonly number[], share: number): string {
  return values.length === 0 ? "–" : `${(percentile(values, share) / 1000).toFixed(1)} s`;
}
