import type { ProblemDetail } from "@mosis/types/problems";
import type { TSchema } from "typebox";

/** The parts of a schema that limit the size of a value. */
interface Bounds {
  type?: string;
  properties?: Record<string, Bounds>;
  additionalProperties?: unknown;
  items?: Bounds;
  maxItems?: number;
  anyOf?: Bounds[];
}

/**
 * Finds the lists of a value that have more items than their schema allows, and objects with more unknown
 * fields than an answer names. It reads no item of such a list: the check for unique items compares every
 * pair, and took 4 s for 20 000 empty lists.
 */
export function oversizeOf(schema: TSchema, value: unknown, unknownMax: number): ProblemDetail[] {
  return faultsAt(schema, value, { pointer: "", unknownMax });
}

interface At {
  pointer: string;
  unknownMax: number;
}

function faultsAt(schema: Bounds, value: unknown, at: At): ProblemDetail[] {
  if (typeof value !== "object" || value === null) return [];
  if (schema.anyOf) return faultsOfUnion(schema.anyOf, value, at);
  if (!Array.isArray(value)) return schema.type === "object" ? faultsOfObject(schema, value, at) : [];
  const { items, maxItems = Infinity } = schema;
  if (schema.type !== "array" || !items) return [];
  if (value.length > maxItems) {
    const message = `must not have more than ${maxItems} items`;
    return [{ pointer: at.pointer, code: "max_items", message }];
  }
  return value.flatMap((item: unknown, index) =>
    faultsAt(items, item, { ...at, pointer: `${at.pointer}/${index}` }),
  );
}

/** A value may be as large as one of the branches of its kind allows. */
function faultsOfUnion(branches: Bounds[], value: object, at: At): ProblemDetail[] {
  const kind = Array.isArray(value) ? "array" : "object";
  const found = branches.filter(({ type }) => type === kind).map((branch) => faultsAt(branch, value, at));
  return found.some((faults) => faults.length === 0) ? [] : (found[0] ?? []);
}

function faultsOfObject({ properties = {}, additionalProperties }: Bounds, value: object, at: At) {
  const names = Object.keys(value);
  const isKnown = (name: string) => Object.hasOwn(properties, name);
  // At most as many names can be known as the schema has properties.
  const unknownCount = names.length - Object.keys(properties).length;
  if (additionalProperties === false && unknownCount > at.unknownMax) {
    const unknown = names.filter((name) => !isKnown(name)).slice(0, at.unknownMax);
    return unknown.map((name) => unknownField(`${at.pointer}/${escapePointer(name)}`));
  }
  return names.filter(isKnown).flatMap((name) => {
    const schema = properties[name] as Bounds;
    return faultsAt(schema, (value as Record<string, unknown>)[name], {
      ...at,
      pointer: `${at.pointer}/${escapePointer(name)}`,
    });
  });
}

/** @param pointer The JSON pointer of a field that the schema does not have. */
export function unknownField(pointer: string): ProblemDetail {
  return {
    pointer: pointer.slice(0, pointerLengthMax),
    code: "unknown_field",
    message: "is not a field of this request",
    fix: "Remove it, or check its spelling.",
  };
}

/** The greatest length of a pointer. A field's name may be as long as the body. */
const pointerLengthMax = 300;

export function escapePointer(name: string): string {
  return name.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1");
}
