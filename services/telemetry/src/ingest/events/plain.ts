import { eventKinds, type TelemetryEvent, telemetryLimits } from "@mosis/types/telemetry";
import { isWideInteger } from "./exact-json.ts";

/**
 * Returns true when an event surely has the shape of `TelemetryEvent`; false decides nothing. The schema
 * stays what counts: this accepts a part of what the schema accepts, and takes a fifth of the time of its
 * compiled check, which was a sixth of all that an event costs here. `plain.test.ts` holds the two together.
 * @param event a value from JSON: it has only own fields, and none of them is undefined.
 */
export function isPlain(event: unknown): event is TelemetryEvent {
  if (typeof event !== "object" || event === null) return false;
  const it = event as Record<string, unknown>;
  if (!isUuid(it["event_id"]) || !isName(it["name"]) || !isTime(it["time"])) return false;
  let known = 3;
  const { kind, session_id, duration_ms, properties } = it;
  if (kind !== undefined) {
    if (typeof kind !== "string" || !Object.hasOwn(eventKinds, kind)) return false;
    known++;
  }
  if (session_id !== undefined) {
    if (!isUuid(session_id)) return false;
    known++;
  }
  if (duration_ms !== undefined) {
    if (typeof duration_ms !== "number" || !(duration_ms >= 0 && duration_ms <= 4_294_967_295)) return false;
    known++;
  }
  if (properties !== undefined) {
    if (!areProperties(properties)) return false;
    known++;
  }
  // One field more than the known ones is one too many.
  for (const _ in it) known--;
  return known === 0;
}

/** Lengths are counted in UTF-16 units: never fewer than the code points that the contract counts. */
function isName(name: unknown): boolean {
  if (typeof name !== "string" || name.length === 0 || name.length > telemetryLimits.nameLengthMax) {
    return false;
  }
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  return true;
}

function isTime(time: unknown): boolean {
  return typeof time === "string" ? time.length <= 40 : Number.isFinite(time);
}

function areProperties(properties: unknown): boolean {
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) return false;
  if (isWideInteger(properties)) return false;
  let room: number = telemetryLimits.propertiesPerEventMax;
  for (const key in properties) {
    if (--room < 0 || key.length === 0 || key.length > telemetryLimits.propertyKeyLengthMax) return false;
    const value = (properties as Record<string, unknown>)[key];
    if (typeof value !== "string" && typeof value !== "boolean" && !Number.isFinite(value)) return false;
  }
  return true;
}

function isUuid(id: unknown): boolean {
  if (typeof id !== "string" || id.length !== 36) return false;
  let wrong = 0;
  for (let i = 0; i < 36; i++) {
    const unit = id.charCodeAt(i);
    const isDash = i === 8 || i === 13 || i === 18 || i === 23;
    // Units above 127 share a place with others; their upper bits distinguish them.
    wrong |= isDash ? unit ^ dash : (unit >> 7) | (notHex[unit & 127] as number);
  }
  return wrong === 0;
}

const dash = "-".charCodeAt(0);
const notHex = new Uint8Array(128).fill(1);
for (const digit of "0123456789abcdefABCDEF") notHex[digit.charCodeAt(0)] = 0;

/**
 * Returns true when an event takes more bytes as JSON than the limit. A bound computed from lengths comes
 * first: writing an event out costs as much as parsing it.
 */
export function isTooLarge(event: TelemetryEvent): boolean {
  let bytesAtMost = 2000;
  for (const key in event.properties) {
    const value = event.properties[key];
    // An escaped UTF-16 unit takes six bytes.
    bytesAtMost += 6 * (key.length + (typeof value === "string" ? value.length : 5)) + 8;
  }
  if (bytesAtMost <= telemetryLimits.eventBytesMax) return false;
  return Buffer.byteLength(JSON.stringify(event)) > telemetryLimits.eventBytesMax;
}
