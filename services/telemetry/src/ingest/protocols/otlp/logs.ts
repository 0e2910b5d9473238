import { setOwn, type Value } from "../flatten.ts";

/**
 * What is read of `ExportLogsServiceRequest` of OTLP 1.x, the same from protobuf and JSON. Fields that are
 * not here are ignored, as the protocol demands of unknown ones.
 */
export interface ResourceLogs {
  attributes: Record<string, Value>;
  scopes: ScopeLogs[];
}

export interface ScopeLogs {
  name: string;
  records: LogRecord[];
}

export interface LogRecord {
  /** Nanoseconds since 1970 in decimal digits, "0" when unknown. */
  time: string;
  observedTime: string;
  /** 1 to 24 by the data model, 0 when unspecified. */
  severity: number;
  severityText: string;
  eventName: string;
  body: Value;
  attributes: Record<string, Value>;
  droppedAttributes: number;
  /** Lower-case hexadecimal, "" without one. */
  traceId: string;
  spanId: string;
}

export const otlpLimits = {
  /** A Collector's batch processor sends 8192 by default, and what came with the last of them. */
  recordsPerRequestMax: 10_000,
  /** Each is a delivery of its own, for its context is its own. */
  resourcesPerRequestMax: 1000,
  scopesPerRequestMax: 10_000,
  /** Keys of attributes, and values with what is nested in them, of a whole request. */
  valuesPerRequestMax: 500_000,
  /** Different keys of attributes: V8 makes a hidden class for each, which takes as long as a record. */
  keysPerRequestMax: 20_000,
  /** Fields that are not of the protocol that we know. */
  unknownFieldsMax: 100_000,
  /** Lists and objects within each other, in a body or an attribute. */
  valueLevelsMax: 16,
} as const;

/** The request has more of something than it may: the client has to send less at once. */
export class BeyondLimit extends Error {}

/** The bytes are no `ExportLogsServiceRequest`. */
export class NotDecodable extends Error {}

/** Counts down while a request is decoded, so that what is decoded is bounded, not only what was sent. */
export class Budget {
  /** How many values gave way to another one of the same key, so far. */
  replaced = 0;
  private resources: number = otlpLimits.resourcesPerRequestMax;
  private scopes: number = otlpLimits.scopesPerRequestMax;
  private records: number = otlpLimits.recordsPerRequestMax;
  private values: number = otlpLimits.valuesPerRequestMax;
  private unknownFields: number = otlpLimits.unknownFieldsMax;
  private readonly keys = new Set<string>();

  resource(): void {
    if (this.resources-- === 0) throw tooMany("resources");
  }

  scope(): void {
    if (this.scopes-- === 0) throw tooMany("scopes");
  }

  record(): void {
    if (this.records-- === 0) throw tooMany("log records");
  }

  skipped(): void {
    if (this.unknownFields-- === 0) throw tooMany("unknown fields");
  }

  /** @param level how deep the value lies within others, from 0. */
  value(level: number): void {
    if (level > otlpLimits.valueLevelsMax) {
      throw new NotDecodable(`Values are nested deeper than ${otlpLimits.valueLevelsMax} levels.`);
    }
    if (this.values-- === 0) throw tooMany("values");
  }

  key(name: string): void {
    if (this.keys.has(name)) return;
    if (this.keys.size === otlpLimits.keysPerRequestMax) throw tooMany("different keys of attributes");
    this.keys.add(name);
  }
}

function tooMany(what: string): BeyondLimit {
  return new BeyondLimit(`The request has too many ${what}: send smaller batches.`);
}

export function emptyRecord(): LogRecord {
  return {
    time: "0",
    observedTime: "0",
    severity: 0,
    severityText: "",
    eventName: "",
    body: null,
    attributes: {},
    droppedAttributes: 0,
    traceId: "",
    spanId: "",
  };
}

/**
 * Sets what has a key in a list of keys and values. The last of several with one key holds, and the budget
 * counts the others. Objects without a prototype would take four times as long.
 */
export function setValue(values: Record<string, Value>, key: string, value: Value, budget: Budget): void {
  if (Object.hasOwn(values, key)) budget.replaced++;
  setOwn(values, key, value);
}

/** A 64-bit integer: a number when that keeps every digit, else its digits. */
export function integerValue(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
