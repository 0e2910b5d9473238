import type { ProblemDetail } from "@mosis/types/problems";
import type { Static, TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import type { TLocalizedValidationError } from "typebox/error";
import Format from "typebox/format";
import System from "typebox/system";
import { escapePointer, oversizeOf, unknownField } from "./oversize.ts";
import { problem } from "./problem.ts";

// TypeBox's own check also accepts leap seconds and zone suffixes in brackets (RFC 9557), which neither Date
// nor PostgreSQL can read.
Format.Set("date-time", isDateTime);

/**
 * The greatest number of entries in `errors`: a body of 64 KiB can be wrong in thousands of places.
 * @limit faults that a 400 names, and unknown fields before nothing else is looked at
 */
const errorsMax = 20;

// TypeBox stops at 8 faults by default, and counts those that only repeat others.
System.Settings.Set({ maxErrors: 2 * errorsMax });

const validators = new WeakMap<TSchema, Validator>();

/**
 * Returns the value as its schema's type.
 * @param where `query` first reads numbers and booleans from their text.
 * @throws Problem `invalid_request` (400) with a JSON pointer, a code and a fix for each fault.
 */
export function parse<T extends TSchema>(schema: T, value: unknown, where: "body" | "query"): Static<T> {
  let validator = validators.get(schema);
  if (!validator) validators.set(schema, (validator = Compile(schema)));
  const input = where === "query" ? readTexts(schema, value) : value;
  // This comes first: the checks below look at every part, and at some with every other.
  const oversize = oversizeOf(schema, input, errorsMax);
  if (oversize.length === 0 && validator.Check(input)) return input as Static<T>;
  const errors = oversize.length > 0 ? oversize : details(schema, validator.Errors(input));
  const subject = where === "query" ? "The query string" : "The body";
  throw problem("invalid_request", `${subject} does not match its schema; see errors.`, { errors });
}

const date = String.raw`\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`;
const time = String.raw`([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,9})?`;
const zone = String.raw`(Z|[+-]([01]\d|2[0-3]):[0-5]\d)`;
const dateTime = new RegExp(`^${date}T${time}${zone}$`, "i");

function isDateTime(text: string): boolean {
  if (!dateTime.test(text)) return false;
  const day = Number(text.slice(8, 10));
  // The calendar repeats every 400 years, and Date.UTC reads the years 0 to 99 as 1900 to 1999.
  const lastDay = () => new Date(Date.UTC(400 + Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0));
  return day <= 28 || day <= lastDay().getUTCDate();
}

function readTexts(schema: TSchema, query: unknown): unknown {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const entries = Object.entries(query as Record<string, unknown>).map(([name, value]) => {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
    if (typeof value !== "string") return [name, value];
    if ((type === "integer" || type === "number") && /^-?\d{1,15}(\.\d{1,15})?$/.test(value)) {
      return [name, Number(value)];
    }
    if (type === "boolean" && (value === "true" || value === "false")) return [name, value === "true"];
    return [name, value];
  });
  return Object.fromEntries(entries) as unknown;
}

function details(schema: TSchema, errors: TLocalizedValidationError[]): ProblemDetail[] {
  const found = errors.flatMap((error): ProblemDetail[] => {
    const { keyword, instancePath: at, params } = error;
    switch (keyword) {
      case "required":
        return params.requiredProperties.map((name) => ({
          pointer: `${at}/${escapePointer(name)}`,
          code: "required",
          message: "is missing",
          fix: "Add it.",
        }));
      // TypeBox reports it for each field that the schema does not have.
      case "boolean":
        return [unknownField(at)];
      // These repeat what is reported for each field, or by the branches of the union.
      case "additionalProperties":
      case "anyOf":
        return [];
      default:
        return [{ pointer: at, code: snakeCase(keyword), ...wording(schema, error) }];
    }
  });
  return found.slice(0, errorsMax);
}

function wording(schema: TSchema, error: TLocalizedValidationError): Pick<ProblemDetail, "message" | "fix"> {
  const description = descriptionAt(schema, error.schemaPath);
  const fix = description === undefined ? {} : { fix: description };
  switch (error.keyword) {
    case "format":
      return { message: "must be an RFC 3339 date-time", fix: "For example 2026-01-31T12:00:00.000Z." };
    case "pattern":
      return { message: `must match ${String(error.params.pattern)}`, ...fix };
    case "enum":
      return {
        message: `must be one of ${error.params.allowedValues.join(", ")}`,
        ...fix,
      };
    default:
      return { message: error.message, ...fix };
  }
}

/** Returns the `description` of the schema that refused. It says what the value should be. */
function descriptionAt(schema: TSchema, path: string): string | undefined {
  let at: unknown = schema;
  for (const step of path.split("/").slice(1)) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  const description = (at as { description?: unknown } | undefined)?.description;
  return typeof description === "string" ? description : undefined;
}

function snakeCase(keyword: string): string {
  return keyword.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
