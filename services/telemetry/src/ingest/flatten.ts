import { telemetryLimits } from "@mosis/types/telemetry";
import { isPrivate } from "./private.ts";

/** A value of a foreign protocol, after decoding. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

type Scalar = string | number | boolean;

/** The properties of an event, flat and within their limits. */
export interface Properties {
  /** Add one; what is undefined, null or "" is left out. */
  add(key: string, value: Value | undefined): void;
  /** All of an object, except what is private and keys that `leave` names; nested keys are joined by dots. */
  addAll(object: Record<string, Value>, leave?: (key: string) => boolean): void;
  /** The values, with the number of those that had no room. */
  done(): Record<string, Scalar>;
}

/** The key that tells how many had no room: the name that OpenTelemetry has for it. */
const droppedKey = "dropped_attributes_count";
/** Further in, an object is text. */
const levelsMax = 8;
/** More than that is cut anyway, by characters and with a warning: a long text must not cost its event. */
const unitsMax = 2 * telemetryLimits.propertyStringLengthMax + 2;

export function openProperties(droppedBefore = 0): Properties {
  const values: Record<string, Scalar> = {};
  let count = 0;
  let dropped = droppedBefore;

  const put = (key: string, value: Value | undefined, level: number): void => {
    if (value === undefined || value === null || value === "" || isPrivate(key)) return;
    // Before anything is done with the key: it may be as long as the body, for each of a thousand values.
    if (!isKey(key)) {
      dropped++;
      return;
    }
    if (typeof value === "object" && !Array.isArray(value) && level < levelsMax) {
      for (const inner of Object.keys(value)) put(`${key}.${inner}`, value[inner], level + 1);
      return;
    }
    // One is kept free for the number of those that had no room.
    const isNew = !Object.hasOwn(values, key);
    const hasRoom = !isNew || count < telemetryLimits.propertiesPerEventMax - 1;
    const scalar = hasRoom ? scalarOf(value) : null;
    if (scalar === null) {
      dropped++;
      return;
    }
    if (isNew) count++;
    values[key] = scalar;
  };

  return {
    add: (key, value) => put(key, value, 0),
    addAll(object, leave) {
      for (const key of Object.keys(object)) if (!leave?.(key)) put(key, object[key], 0);
    },
    done() {
      if (dropped > 0) values[droppedKey] = dropped;
      return values;
    },
  };
}

function isKey(key: string): boolean {
  return key.length > 0 && key.length <= telemetryLimits.propertyKeyLengthMax && key !== "__proto__";
}

/** @returns null for what is nested too deeply to be written out. */
function scalarOf(value: Exclude<Value, null>): Scalar | null {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return value.length > unitsMax ? value.slice(0, unitsMax) : value;
  if (!isWithin(value, levelsMax)) return null;
  const text = JSON.stringify(value);
  return text.length > unitsMax ? text.slice(0, unitsMax) : text;
}

function isWithin(value: Value, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}

/** Text for a column: at most so many characters as a field of the context may have, never half of one. */
export function shortText(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value.length <= contextLengthMax
    ? value
    : Array.from(value.slice(0, 2 * contextLengthMax))
        .slice(0, contextLengthMax)
        .join("");
}

/** `maxLength` of the texts of a `BatchContext`; names of events have the same. */
const contextLengthMax = 100;

/** A name of an event from any text: one line, without control characters. */
export function nameOf(text: string): string | undefined {
  return shortText(text.slice(0, 1000).replaceAll(controls, " ").trim());
}

// oxlint-disable-next-line no-control-regex -- they are what a name must not have.
const controls = /[\u0000-\u001f\u007f]+/g;

/** A version code from what may be a number or its digits; undefined when it is neither. */
export function versionCodeOf(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,10}$/.test(text)) return undefined;
  const code = Number(text);
  return code <= 4_294_967_295 ? code : undefined;
}
