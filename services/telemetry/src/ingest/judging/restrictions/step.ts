import { shareOf } from "@mosis/types/sampling";
import type { TelemetryEvent } from "@mosis/types/telemetry";
import type { Rules } from "../../events/delivery.ts";
import type { Fault } from "../../events/refusal.ts";

// Made once: a restriction may hold for every event there is.
const restricted: Fault = { code: "restricted", pointer: "" };
const sampledOut: Fault = { code: "sampled_out", pointer: "" };
const quarantined: Fault = { code: "quarantined", pointer: "" };

/**
 * Why an event that is right is not stored, or null.
 * @param installId of the batch: what has no session is drawn by it.
 */
export function restrictionOf(
  { every, byName }: Rules,
  event: TelemetryEvent,
  installId: string | undefined,
): Fault | null {
  const rule = byName.get(event.name) ?? every;
  if (rule === null) return null;
  if (rule.action === "drop") return restricted;
  if (rule.action === "quarantine") return quarantined;
  return shareOf(event.session_id ?? installId ?? event.event_id) < rule.rate ? null : sampledOut;
}
