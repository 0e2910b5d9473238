import { isWideInteger, parseExactJson } from "../../events/exact-json.ts";
import type { Value } from "../flatten.ts";
import {
  type Budget,
  emptyRecord,
  integerValue,
  type LogRecord,
  NotDecodable,
  type ResourceLogs,
  type ScopeLogs,
  setValue,
} from "./logs.ts";

type Json = Record<string, unknown>;

/**
 * Parses OTLP's JSON. It is proto3's, but with trace ids in hexadecimal, enums as integers, names only in
 * lowerCamelCase, and unknown fields ignored. 64-bit integers are texts or numbers; null is a field that is
 * missing.
 * @throws BeyondLimit, NotDecodable.
 */
export function parseRequest(body: Buffer, budget: Budget): ResourceLogs[] {
  const parsed = parseExactJson(body.toString());
  if ("detail" in parsed) throw new NotDecodable(parsed.detail);
  return listOf(objectOf(parsed.value, "The body")["resourceLogs"], "resourceLogs").map((item) => {
    budget.resource();
    return resourceLogs(item, budget);
  });
}

function resourceLogs(item: Json, budget: Budget): ResourceLogs {
  const resource = optionalObject(item["resource"], "resource");
  return {
    attributes: keyValues(resource["attributes"], budget, 0),
    scopes: listOf(item["scopeLogs"], "scopeLogs").map((scope) => {
      budget.scope();
      return scopeLogs(scope, budget);
    }),
  };
}

function scopeLogs(item: Json, budget: Budget): ScopeLogs {
  return {
    name: textOf(optionalObject(item["scope"], "scope")["name"], "scope.name"),
    records: listOf(item["logRecords"], "logRecords").map((record) => {
      budget.record();
      return { record: logRecord(record, budget), message: null };
    }),
  };
}

function logRecord(item: Json, budget: Budget): LogRecord {
  const replacedBefore = budget.replaced;
  const body = anyValue(item["body"], budget, 0);
  const attributes = keyValues(item["attributes"], budget, 0);
  return {
    ...emptyRecord(),
    time: digitsOf(item["timeUnixNano"], "timeUnixNano"),
    observedTime: digitsOf(item["observedTimeUnixNano"], "observedTimeUnixNano"),
    severity: Number(digitsOf(item["severityNumber"], "severityNumber")),
    severityText: textOf(item["severityText"], "severityText"),
    eventName: textOf(item["eventName"], "eventName"),
    body,
    attributes,
    droppedAttributes: droppedOf(item["droppedAttributesCount"]) + budget.replaced - replacedBefore,
    traceId: hexOf(item["traceId"], "traceId"),
    spanId: hexOf(item["spanId"], "spanId"),
  };
}

function keyValues(list: unknown, budget: Budget, level: number): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const item of listOf(list, "A list of keys and values")) {
    budget.value(level);
    const key = textOf(item["key"], "key");
    budget.key(key);
    setValue(values, key, anyValue(item["value"], budget, level), budget);
  }
  return values;
}

function anyValue(value: unknown, budget: Budget, level: number): Value {
  if (isAbsent(value)) return null;
  budget.value(level);
  const any = objectOf(value, "A value");
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = any;
  if (!isAbsent(stringValue)) return textOf(stringValue, "stringValue");
  if (!isAbsent(boolValue)) return boolOf(boolValue);
  if (!isAbsent(intValue)) return integerValue(BigInt(digitsOf(intValue, "intValue")));
  if (!isAbsent(doubleValue)) return doubleOf(doubleValue);
  if (!isAbsent(arrayValue)) {
    const values = objectOf(arrayValue, "arrayValue")["values"];
    return listOf(values, "arrayValue.values").map((inner) => anyValue(inner, budget, level + 1));
  }
  if (!isAbsent(kvlistValue)) {
    return keyValues(objectOf(kvlistValue, "kvlistValue")["values"], budget, level + 1);
  }
  // The value is Base64, and is stored as Base64.
  return isAbsent(bytesValue) ? null : textOf(bytesValue, "bytesValue");
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function objectOf(value: unknown, name: string): Json {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject && !isWideInteger(value)) return value as Json;
  throw new NotDecodable(`${name} is not an object.`);
}

function optionalObject(value: unknown, name: string): Json {
  return isAbsent(value) ? {} : objectOf(value, name);
}

function listOf(value: unknown, name: string): Json[] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw new NotDecodable(`${name} is not a list.`);
  for (const item of value) objectOf(item, `What is in ${name}`);
  return value as Json[];
}

function textOf(value: unknown, name: string): string {
  if (isAbsent(value)) return "";
  if (typeof value === "string") return value;
  throw new NotDecodable(`${name} is not text.`);
}

function boolOf(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new NotDecodable("boolValue is not true or false.");
}

/** Returns an integer as its digits, "0" when it is missing. */
function digitsOf(value: unknown, name: string): string {
  if (isAbsent(value)) return "0";
  const digits = isWideInteger(value) ? value.rawJSON : value;
  // The number has a fraction or an exponent. Larger numbers are not integers of 64 bits.
  if (typeof digits === "number" && Number.isInteger(digits) && Math.abs(digits) <= 2 ** 64) {
    return String(BigInt(digits));
  }
  // A number of 300 digits takes as long as a record.
  if (typeof digits === "string" && /^-?\d{1,20}$/.test(digits)) return digits;
  throw new NotDecodable(`${name} is not an integer.`);
}

/**
 * Returns an integer that is unsigned with 32 bits by the protocol: a negative one would hide what is lost
 * here.
 */
function droppedOf(value: unknown): number {
  const count = Number(digitsOf(value, "droppedAttributesCount"));
  if (count >= 0 && count <= 0xffffffff) return count;
  throw new NotDecodable("droppedAttributesCount is not an unsigned integer of 32 bits.");
}

function doubleOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (isWideInteger(value)) return Number(value.rawJSON);
  if (typeof value === "string" && /^(?:NaN|-?Infinity|-?\d[\d.eE+-]{0,40})$/.test(value))
    return Number(value);
  throw new NotDecodable("doubleValue is not a number.");
}

function hexOf(value: unknown, name: string): string {
  const text = textOf(value, name).toLowerCase();
  if (/^[0-9a-f]{0,32}$/.test(text)) return text;
  throw new NotDecodable(`${name} is not hexadecimal.`);
}
