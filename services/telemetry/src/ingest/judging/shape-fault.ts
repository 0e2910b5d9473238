import { type EventCode, eventKinds, TelemetryEvent, telemetryLimits } from "@mosis/types/telemetry";
import { Compile } from "typebox/compile";
import { isWideInteger } from "../events/exact-json.ts";
import type { Fault } from "../events/refusal.ts";
import { brokenLineOf } from "../events/broken-line.ts";

const isEvent = Compile(TelemetryEvent);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// oxlint-disable-next-line no-control-regex -- they are what the name must not have.
const control = /[\u0000-\u001f\u007f]/;
const fields = new Set(Object.keys(TelemetryEvent.properties));

/**
 * Returns the first fault of an event's shape, or null. It is called only for events that are not plain, so
 * it may be slow. The compiled check of the schema decides; the rest only finds the reason.
 */
export function shapeFault(event: unknown): Fault | null {
  if (!isHuge(event) && isEvent.Check(event)) return null;
  if (typeof event !== "object" || event === null || Array.isArray(event) || isWideInteger(event)) {
    return fault("not_an_object", "");
  }
  if (brokenLineOf(event) !== undefined) return fault("json_invalid", "");
  const it = event as Record<string, unknown>;
  return (
    missingField(it) ??
    idFault(it, "event_id") ??
    nameFault(it["name"]) ??
    timeFault(it["time"]) ??
    idFault(it, "session_id") ??
    kindFault(it["kind"]) ??
    durationFault(it["duration_ms"]) ??
    propertiesFault(it["properties"]) ??
    unknownField(it) ??
    fault("type_invalid", "")
  );
}

/**
 * Returns true when an event has more fields or properties than allowed: the schema would check each of a
 * hundred thousand.
 */
function isHuge(event: unknown): boolean {
  if (typeof event !== "object" || event === null) return false;
  const { properties } = event as { properties?: unknown };
  return (
    hasMoreKeys(event, fields.size) ||
    (typeof properties === "object" &&
      properties !== null &&
      hasMoreKeys(properties, telemetryLimits.propertiesPerEventMax))
  );
}

function hasMoreKeys(object: object, max: number): boolean {
  let left = max;
  for (const _ in object) if (--left < 0) return true;
  return false;
}

function missingField(event: Record<string, unknown>): Fault | null {
  const missing = ["event_id", "name", "time"].find((name) => !Object.hasOwn(event, name));
  return missing === undefined ? null : fault("field_missing", `/${missing}`);
}

function idFault(event: Record<string, unknown>, name: "event_id" | "session_id"): Fault | null {
  const id = event[name];
  if (id === undefined) return null;
  if (typeof id !== "string") return fault("type_invalid", `/${name}`);
  return uuid.test(id) ? null : fault("uuid_invalid", `/${name}`);
}

function nameFault(name: unknown): Fault | null {
  if (typeof name !== "string") return fault("type_invalid", "/name");
  const right = name !== "" && isWithin(name, telemetryLimits.nameLengthMax) && !control.test(name);
  return right ? null : fault("name_invalid", "/name");
}

function timeFault(time: unknown): Fault | null {
  if (typeof time === "number") return Number.isFinite(time) ? null : fault("time_invalid", "/time");
  if (typeof time !== "string") return fault("type_invalid", "/time");
  return isWithin(time, 40) ? null : fault("time_invalid", "/time");
}

function kindFault(kind: unknown): Fault | null {
  if (kind === undefined) return null;
  if (typeof kind !== "string") return fault("type_invalid", "/kind");
  return Object.hasOwn(eventKinds, kind) ? null : fault("kind_unknown", "/kind");
}

function durationFault(duration: unknown): Fault | null {
  if (duration === undefined) return null;
  if (typeof duration !== "number") return fault("type_invalid", "/duration_ms");
  return duration >= 0 && duration <= 4_294_967_295 ? null : fault("duration_invalid", "/duration_ms");
}

function propertiesFault(properties: unknown): Fault | null {
  if (properties === undefined) return null;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) {
    return fault("type_invalid", "/properties");
  }
  if (hasMoreKeys(properties, telemetryLimits.propertiesPerEventMax)) {
    return fault("properties_too_many", "/properties");
  }
  for (const [key, value] of Object.entries(properties)) {
    if (key === "" || !isWithin(key, telemetryLimits.propertyKeyLengthMax)) {
      return fault("property_key_invalid", "/properties");
    }
    const storable =
      typeof value === "string" ||
      typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value));
    if (!storable) return fault("property_value_invalid", `/properties/${escaped(key)}`);
  }
  return null;
}

function unknownField(event: Record<string, unknown>): Fault | null {
  for (const name in event) {
    if (!fields.has(name)) return fault("field_unknown", `/${escaped(name.slice(0, 100))}`);
  }
  return null;
}

function fault(code: EventCode, pointer: string): Fault {
  return { code, pointer };
}

/** Returns true when a text has at most so many code points. A code point is at most two units. */
function isWithin(text: string, max: number): boolean {
  if (text.length <= max) return true;
  if (text.length > 2 * max) return false;
  let left = max;
  for (const _ of text) if (--left < 0) return false;
  return true;
}

/** Escapes a key as a part of a pointer, RFC 6901 §3. */
export function escaped(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
