import type { Metrics } from "@mosis/runtime";
import { droppedCodes, type EventCode, eventCodes } from "@mosis/types/telemetry";
import type { Outcome } from "../events/delivery.ts";
import type { Flusher, Sent } from "../blocks/flush.ts";
import type { QuotaRefusal } from "../events/refusal.ts";

/**
 * The counters of ingest. Labels are resolved once: looking them up at every event would cost more than the
 * check of the event.
 */
export interface IngestMetrics {
  answered(status: number): void;
  batch(outcome: Outcome, bodyBytes: number): void;
  /** Counts a batch that was refused because of what its app or key has sent before. */
  overQuota(code: QuotaRefusal["code"], events: number): void;
  sent(sent: Sent): void;
}

export function createIngestMetrics(metrics: Metrics): IngestMetrics {
  const answers = metrics.counter("ingest_requests_total", "Batches by status of the answer.", ["status"]);
  const events = metrics.counter("ingest_events_total", "Events by outcome.", ["outcome", "code"]);
  const bodyBytes = metrics.counter("ingest_body_bytes_total", "Bytes of taken bodies as sent.");
  const rows = metrics.counter("ingest_flushed_rows_total", "Events in acknowledged flushes.");
  const bytes = metrics.counter("ingest_flushed_bytes_total", "Bytes of acknowledged flushes.");
  const flushes = metrics.counter("ingest_flushes_total", "Flushes by result.", ["result"]);
  const duration = metrics.histogram(
    "ingest_flush_duration_seconds",
    "From the close of a flush to its acknowledgement.",
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 15],
  );
  const accepted = events.labels("accepted", "");
  const byCode = new Map(
    (Object.keys(eventCodes) as EventCode[]).map((code) => [
      code,
      events.labels(droppedCodes.has(code) ? "dropped" : "rejected", code),
    ]),
  );
  const overQuota = metrics.counter(
    "ingest_events_over_quota_total",
    "Events of batches refused with 429, by code; a batch that is sent again counts again.",
    ["code"],
  );
  const statuses = new Map<number, ReturnType<typeof answers.labels>>();
  const flushed = { ok: flushes.labels("acknowledged"), failed: flushes.labels("failed") };

  return {
    answered(status) {
      let counter = statuses.get(status);
      if (!counter) statuses.set(status, (counter = answers.labels(String(status))));
      counter.inc();
    },
    batch(outcome, sentBytes) {
      bodyBytes.inc(sentBytes);
      accepted.inc(outcome.accepted);
      for (const [code, count] of outcome.byCode ?? []) byCode.get(code)?.inc(count);
    },
    overQuota: (code, count) => overQuota.inc({ code }, count),
    sent({ rows: count, bytes: size, durationMs, failure }) {
      (failure ? flushed.failed : flushed.ok).inc();
      duration.observe(durationMs / 1000);
      if (failure) return;
      rows.inc(count);
      bytes.inc(size);
    },
  };
}

/**
 * Returns what is counted of validated batches: only the answers. Their events are in no book, because they
 * are not kept.
 */
export function createValidationMetrics(metrics: Metrics): Omit<IngestMetrics, "sent"> {
  const answers = metrics.counter("ingest_validations_total", "Validated batches by status of the answer.", [
    "status",
  ]);
  return { answered: (status) => answers.inc({ status }), batch() {}, overQuota() {} };
}

/** Registers levels, which are read only when somebody asks for the metrics. */
export function watchLevels(
  metrics: Metrics,
  {
    flusher,
    heldBytes,
    restrictions,
    unpublishedEvents,
  }: {
    flusher: Flusher;
    heldBytes: () => number;
    restrictions: () => number;
    unpublishedEvents: () => number;
  },
): void {
  const levels: [string, string, () => number][] = [
    [
      "ingest_waiting_requests",
      "Requests that wait for an acknowledgement.",
      () => flusher.waiting().requests,
    ],
    ["ingest_waiting_bytes", "Bytes of flushes that are not acknowledged.", () => flusher.waiting().bytes],
    ["ingest_flushes_in_flight", "Flushes under way.", () => flusher.waiting().sends],
    ["ingest_arriving_bytes", "Bytes of bodies that are still arriving.", heldBytes],
    ["access_restrictions", "Restrictions in the access table.", restrictions],
    [
      "ingest_usage_untold_events",
      "Events of today that are not published to the other processes yet.",
      unpublishedEvents,
    ],
  ];
  for (const [name, help, read] of levels) metrics.level(name, help, read);
}
