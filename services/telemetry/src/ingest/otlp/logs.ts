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

const otlpLimits = {
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
export interface Budget {
  resource(): void;
  scope(): void;
  record(): void;
  skipped(): void;
  /** @param level how deep the value lies within others, from 0. */
  value(level: number): void;
  key(name: string): void;
  /** How many values gave way to another one of the same key, so far. */
  replaced: number;
}

export function openBudget(): Budget {
  const left = {
    resources: otlpLimits.resourcesPerRequestMax as number,
    scopes: otlpLimits.scopesPerRequestMax as number,
    "log records": otlpLimits.recordsPerRequestMax as number,
    values: otlpLimits.valuesPerRequestMax as number,
    "unknown fields": otlpLimits.unknownFieldsMax as number,
  };
  const take = (what: keyof typeof left) => {
    if (left[what]-- === 0) throw new BeyondLimit(`The request has too many ${what}: send smaller batches.`);
  };
  const keys = new Set<string>();
  return {
    replaced: 0,
    key(name) {
      if (keys.has(name)) return;
      if (keys.size === otlpLimits.keysPerRequestMax) {
        throw new BeyondLimit("The request has too many different keys of attributes: send smaller batches.");
      }
      keys.add(name);
    },
    resource: () => take("resources"),
    scope: () => take("scopes"),
    record: () => take("log records"),
    skipped: () => take("unknown fields"),
    value(level) {
      if (level > otlpLimits.valueLevelsMax) {
        throw new NotDecodable(`Values are nested deeper than ${otlpLimits.valueLevelsMax} levels.`);
      }
      take("values");
    },
  };
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
