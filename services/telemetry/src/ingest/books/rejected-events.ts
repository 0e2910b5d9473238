import { BatchContext, telemetryLimits } from "@mosis/types/telemetry";
import type { OpenBlocks } from "../blocks/blocks.ts";
import type { Delivery } from "../events/delivery.ts";
import { writeExactJson } from "../events/exact-json.ts";
import type { Fault } from "../events/refusal.ts";
import { brokenLineOf } from "../events/broken-line.ts";

/**
 * Keeps a refused event as it came, with the reason.
 * @returns its event id, or null when it has none as text.
 */
export function pushRejected(
  { columns }: OpenBlocks["rejected"],
  delivery: Delivery,
  index: number,
  { code, pointer }: Fault,
): string | null {
  const event = delivery.batch.events.at(index);
  const eventId = idOf(event);
  columns.app_id.push(delivery.appId);
  columns.received_at.push(delivery.receivedAtMs);
  columns.batch_id.push(delivery.batch.batch_id);
  columns.delivery_id.push(delivery.deliveryId);
  columns.index.push(index);
  columns.event_id.push(eventId ?? "");
  columns.code.push(code);
  columns.pointer.push(pointer);
  columns.raw.push(rawOf(event));
  columns.context.push((delivery.contextText ??= contextText(delivery.batch.context ?? {})));
  columns.clock_correction_ms.push(delivery.clockCorrectionMs);
  return eventId;
}

const contextFields = Object.keys(BatchContext.properties) as (keyof BatchContext)[];

/** The known fields, which have limits: a context may have other fields of any size. */
function contextText(context: BatchContext): string {
  return JSON.stringify(Object.fromEntries(contextFields.map((field) => [field, context[field]])));
}

/** Returns the event id, or null when the event has none as text. */
export function idOf(event: unknown): string | null {
  if (typeof event !== "object" || event === null || !("event_id" in event)) return null;
  // An id that is not a UUID may be of any length; the beginning is enough to find it again.
  return typeof event.event_id === "string" ? event.event_id.slice(0, 100) : null;
}

function rawOf(event: unknown): string {
  let text: string;
  try {
    text = brokenLineOf(event) ?? writeExactJson(event);
  } catch {
    // A RangeError means that it is nested deeper than the stack. Such an event was refused; its place and
    // reason are kept.
    return "";
  }
  const max = telemetryLimits.eventBytesMax;
  return text.length * 3 <= max || Buffer.byteLength(text) <= max
    ? text
    : Buffer.from(text).subarray(0, max).toString();
}
