import { telemetryLimits } from "@mosis/types/telemetry";
import { isPrivate, withoutPrivate } from "./private-fields.ts";
import { fitTraces, isStackTrace } from "../events/stack-traces.ts";

/** A value of a foreign protocol, after decoding. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

type Scalar = string | number | boolean;

/** Collects the properties of an event, flat and within their limits. */
export interface Properties {
  /** Adds one value. A value that is undefined or null is left out. */
  add(key: string, value: Value | undefined): void;
  /**
   * Adds everything in an object, except private fields and keys that `leave` names; dots join nested keys.
   */
  addAll(object: Record<string, Value>, leave?: (key: string) => boolean): void;
  /** Counts values that cannot be kept for another reason. */
  lose(values: number): void;
  /** Returns the values, with the number of those that are not kept. */
  done(): Record<string, Scalar>;
}

/** The key of the number of values that are not kept: the name that OpenTelemetry has for it. */
export const droppedKey = "dropped_attributes_count";
/** An object that is nested more deeply is stored as text. */
const levelsMax = 8;
/** A longer text is cut anyway, by characters and with a warning: a long text must not cost its event. */
const unitsMax = 2 * telemetryLimits.propertyStringLengthMax + 2;

export function openProperties(droppedBefore = 0): Properties {
  const values: Record<string, Scalar> = {};
  const traces: string[] = [];
  let count = 0;
  let dropped = droppedBefore;

  const keep = (key: string, value: Exclude<Value, null>): void => {
    // One place is kept free for the number of values that are not kept.
    const isNew = !Object.hasOwn(values, key);
    const hasRoom = !isNew || count < telemetryLimits.propertiesPerEventMax - 1;
    const kept = hasRoom ? scalarOf(key, value) : nothing;
    dropped += kept.lost;
    if (kept.scalar === null) return;
    // Two ways of writing one key, such as `a.b` and a `b` within `a`: the last value holds.
    if (isNew) count++;
    else dropped++;
    setOwn(values, key, kept.scalar);
    if (isNew && isStackTrace(key)) traces.push(key);
  };
  const put = (key: string, value: Value | undefined, level: number): void => {
    if (value === undefined || value === null || isPrivate(key)) return;
    // This is checked before anything else is done with the key: it may be as long as the body, for each of a
    // thousand values.
    if (key.length === 0 || key.length > telemetryLimits.propertyKeyLengthMax) dropped++;
    // A sender that has lost values itself reports them by the same name.
    else if (key === droppedKey) dropped += countOf(value);
    else if (isObject(value) && level < levelsMax && Object.keys(value).length > 0) {
      for (const inner of Object.keys(value)) put(`${key}.${inner}`, value[inner], level + 1);
    } else keep(key, value);
  };

  return {
    add: (key, value) => put(key, value, 0),
    addAll(object, leave) {
      for (const key of Object.keys(object)) if (!leave?.(key)) put(key, object[key], 0);
    },
    lose(more) {
      dropped += more;
    },
    done() {
      if (dropped > 0) values[droppedKey] = dropped;
      if (traces.length > 0) fitTraces(values, traces);
      return values;
    },
  };
}

/** Sets a field, whatever its name: assigning `__proto__` would set no field. */
export function setOwn<T>(object: Record<string, T>, key: string, value: T): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/**
 * Returns how many values a sender reports as lost; a report that is no such number is itself one value lost
 * here.
 */
function countOf(value: Value): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 1;
}

function isObject(value: Value): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns what is kept of a value, or null for nothing, and how many values are lost by that. */
interface Kept {
  scalar: Scalar | null;
  lost: number;
}

const nothing: Kept = { scalar: null, lost: 1 };

function scalarOf(key: string, value: Exclude<Value, null>): Kept {
  if (typeof value === "boolean") return { scalar: value, lost: 0 };
  if (typeof value === "number") return { scalar: Number.isFinite(value) ? value : String(value), lost: 0 };
  if (typeof value === "string") {
    const isLong = value.length > unitsMax && !isStackTrace(key);
    return { scalar: isLong ? value.slice(0, unitsMax) : value, lost: 0 };
  }
  // The value is nested too deeply to be written out.
  if (!isWithin(value, levelsMax)) return nothing;
  if (Array.isArray(value)) return listText(withoutPrivate(value, key));
  const text = JSON.stringify(withoutPrivate(value, key));
  // The length is in UTF-16 units, here and below: never fewer than the characters that the limit counts.
  return text.length <= telemetryLimits.propertyStringLengthMax ? { scalar: text, lost: 0 } : nothing;
}

/**
 * Returns the JSON of a list up to the first element that does not fit: cut anywhere else it would not be
 * JSON.
 */
function listText(list: Value[]): Kept {
  const parts: string[] = [];
  let room = telemetryLimits.propertyStringLengthMax - "[]".length;
  for (const item of list) {
    const part = JSON.stringify(item);
    if (part.length > room) break;
    parts.push(part);
    room -= part.length + ",".length;
  }
  if (parts.length === 0 && list.length > 0) return nothing;
  return { scalar: `[${parts.join()}]`, lost: list.length - parts.length };
}

/** Returns true for a value of at most so many levels of lists and objects. */
export function isWithin(value: Value, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}

/**
 * Returns text for a column: at most as many characters as a field of the context may have, never half of
 * one.
 */
export function shortText(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value.length <= contextLengthMax
    ? value
    : Array.from(value.slice(0, 2 * contextLengthMax))
        .slice(0, contextLengthMax)
        .join("");
}

/** The `maxLength` of the texts of a `BatchContext`; names of events have the same. */
const contextLengthMax = 100;

/** Makes the name of an event from any text: one line, without control characters. */
export function nameOf(text: string): string | undefined {
  return shortText(text.slice(0, 1000).replaceAll(controls, " ").trim());
}

// oxlint-disable-next-line no-control-regex -- they are what a name must not have.
const controls = /[\u0000-\u001f\u007f]+/g;

/** Returns a version code from a number or its digits; undefined when the value is neither. */
export function versionCodeOf(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,10}$/.test(text)) return undefined;
  const code = Number(text);
  return code <= 4_294_967_295 ? code : undefined;
}
