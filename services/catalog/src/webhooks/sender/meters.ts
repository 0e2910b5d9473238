import type { Metrics } from "@mosis/runtime";
import type { DeliveryError, DisabledReason } from "@mosis/types/webhooks";
import type { Outcome } from "./attempt.ts";
import type { Room } from "./capacity.ts";

const secondsBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

export type Meters = ReturnType<typeof createMeters>;

export function createMeters(metrics: Metrics, room: Room) {
  const attempts = metrics.counter("webhook_attempts_total", "Attempts that have ended.", ["result"]);
  const seconds = metrics.histogram("webhook_attempt_seconds", "Seconds of one attempt.", secondsBuckets);
  const ended = metrics.counter("webhook_deliveries_total", "Deliveries that have ended.", ["status"]);
  const disabled = metrics.counter("webhooks_disabled_total", "Webhooks that we have disabled.", ["reason"]);
  const pending = metrics.gauge("webhook_deliveries_pending", "Deliveries with attempts left.");
  const late = metrics.gauge("webhook_deliveries_late_seconds", "Seconds the oldest due one has waited.");
  const off = metrics.gauge("webhooks_off", "Disabled webhooks that nobody has enabled.");
  metrics.level("webhook_attempts_running", "Attempts that run now.", () => room.used);
  return {
    attempted(outcome: Outcome) {
      attempts.inc({ result: outcome.error ?? "succeeded" });
      seconds.observe(outcome.durationMs / 1000);
    },
    ended(error: DeliveryError | null) {
      ended.inc({ status: error === null ? "succeeded" : "failed" });
    },
    disabled: (reason: DisabledReason) => disabled.inc({ reason }),
    backlog(backlog: { pending: number; late_seconds: number; disabled: number }) {
      pending.set(backlog.pending);
      late.set(backlog.late_seconds);
      off.set(backlog.disabled);
    },
  };
}
