import { setOwn, type Value } from "../flatten.ts";

/**
 * The part of OTLP 1.x's `ExportLogsServiceRequest` that is read, the same from protobuf and JSON. Fields
 * that are not here are ignored, as the protocol demands for unknown ones.
 */
export interface ResourceLogs {
  attributes: Record<string, Value>;
  scopes: ScopeLogs[];
}

export interface ScopeLogs {
  name: string;
  records: ReadRecord[];
}

interface ReadRecord {
  record: LogRecord;
  /** Its bytes in protobuf, which its id is derived from when it brings none; null in JSON. */
  message: Uint8Array | null;
}

export interface LogRecord {
  /** Nanoseconds since 1970 in decimal digits, "0" when unknown. */
  time: string;
  observedTime: string;
  /** The severity from 1 to 24 of the data model, 0 when unspecified. */
  severity: number;
  severityText: string;
  eventName: string;
  body: Value;
  attributes: Record<string, Value>;
  droppedAttributes: number;
  /** Lower-case hexadecimal, "" when there is none. */
  traceId: string;
  spanId: string;
}

export const otlpLimits = {
  /**
   * A Collector's batch processor sends 8192 by default, and the rest of the data that came with the last of
   * them.
   * @limit records of an OTLP request
   */
  recordsPerRequestMax: 10_000,
  /**
   * Each resource is a delivery of its own, because it has a context of its own.
   * @limit resources of an OTLP request
   */
  resourcesPerRequestMax: 1000,
  scopesPerRequestMax: 10_000,
  /**
   * The limit of attribute keys, and values with everything nested in them, in a whole request.
   * @limit values of an OTLP request
   */
  valuesPerRequestMax: 500_000,
  /**
   * The limit of different attribute keys: V8 makes a hidden class for each, which takes as long as a record.
   */
  keysPerRequestMax: 20_000,
  /** The limit of fields that the protocol as we know it does not have. */
  unknownFieldsMax: 100_000,
  /** How deeply lists and objects may be nested in a body or an attribute. */
  valueLevelsMax: 16,
} as const;

/** The request has more of something than it may: the client has to send less at once. */
export class BeyondLimit extends Error {}

/** The bytes are not an `ExportLogsServiceRequest`. */
export class NotDecodable extends Error {}

/** Counts down while a request is decoded, so that not only the sent but also the decoded data is limited. */
export class Budget {
  /** How many values were replaced by another one of the same key, so far. */
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

  /**
   * Takes a value of the budget.
   * @param level how deeply the value is nested in others, from 0.
   */
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
 * Sets the value of a key in a list of keys and values. The last of several with one key holds, and the
 * budget counts the others. Objects without a prototype would take four times as long.
 */
export function setValue(values: Record<string, Value>, key: string, value: Value, budget: Budget): void {
  if (Object.hasOwn(values, key)) budget.replaced++;
  setOwn(values, key, value);
}

/** Returns a 64-bit integer: as a number when that keeps every digit, otherwise as its digits. */
export function integerValue(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
