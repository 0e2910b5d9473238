import type { Metrics } from "@mosis/runtime";
import type { ErasureProof } from "@mosis/types/erasures";
import type { SweepRefusal } from "./sweep-guard.ts";

/** The result of one sweep. */
export interface Swept {
  rows: number;
  redactedRows: number;
  months: number;
}

/** The metrics of deleting. */
export function createDeletingMetrics(metrics: Metrics) {
  const rowsSwept = metrics.counter("writer_rows_swept_total", "Rows of events that no app keeps any more.");
  const rowsRedacted = metrics.counter(
    "writer_rows_redacted_total",
    "Rows of the audit trail and of apps from which a sweep took what tells of a deleted account.",
  );
  const monthsFolded = metrics.counter(
    "writer_months_folded_total",
    "Months whose deliveries were summed up by day.",
  );
  const sweptAt = metrics.gauge("writer_sweep_timestamp_seconds", "When the last sweep ended.");
  const refused = metrics.counter("writer_sweeps_refused_total", "Sweeps that deleted nothing, by reason.", [
    "reason",
  ]);
  const erasures = metrics.counter("writer_erasures_total", "Erasures that have a proof.");
  return {
    swept({ rows, redactedRows, months }: Swept): void {
      rowsSwept.inc(rows);
      rowsRedacted.inc(redactedRows);
      monthsFolded.inc(months);
      sweptAt.set(Date.now() / 1000);
    },
    refused: (reason: SweepRefusal) => refused.inc({ reason }),
    erased(proofs: readonly ErasureProof[]): void {
      erasures.inc(proofs.length);
    },
  };
}
