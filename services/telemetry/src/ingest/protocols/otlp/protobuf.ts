import { BinaryReader } from "@bufbuild/protobuf/wire";
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
import {
  keyValueKeys,
  listKeys,
  recordKeys,
  requestKeys,
  resourceKeys,
  resourceLogsKeys,
  scopeKeys,
  scopeLogsKeys,
  valueKeys,
} from "./protobuf-keys.ts";

/**
 * Decodes a request, by hand over a library's reader of the wire format: only the fields that are used are
 * decoded, and each part is counted before it is made.
 * @throws BeyondLimit, NotDecodable.
 */
export function decodeRequest(body: Buffer, budget: Budget): ResourceLogs[] {
  const reader = new BinaryReader(body);
  const resources: ResourceLogs[] = [];
  reading(() =>
    readFields(reader, budget, reader.len, (key) => {
      if (key !== requestKeys.resourceLogs) return false;
      budget.resource();
      resources.push(resourceLogs(reader, budget));
      return true;
    }),
  );
  return resources;
}

/** Returns the attributes of a `Resource` from its message. Throws like `decodeRequest`. */
export function decodeResource(message: Buffer, budget: Budget): Record<string, Value> {
  const reader = new BinaryReader(message);
  const attributes: Record<string, Value> = {};
  reading(() => resourceFields(reader, budget, reader.len, attributes));
  return attributes;
}

/** Returns the name of an `InstrumentationScope` from its message. Throws like `decodeRequest`. */
export function decodeScope(message: Buffer, budget: Budget): string {
  const reader = new BinaryReader(message);
  return reading(() => scopeName(reader, budget, reader.len));
}

/** Decodes a `LogRecord` from its message. Throws like `decodeRequest`. */
export function decodeRecord(message: Buffer, budget: Budget): LogRecord {
  const reader = new BinaryReader(message);
  return reading(() => recordFields(reader, budget, reader.len));
}

function reading<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!isReaders(error)) throw error;
    throw new NotDecodable("The body is not a protobuf message ExportLogsServiceRequest.", { cause: error });
  }
}

/** Returns true when the reader of the wire format gave up: not protobuf, not UTF-8, or cut off. */
function isReaders(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  if (!(error instanceof Error)) return false;
  return (
    error.constructor === Error || ("code" in error && error.code === "ERR_ENCODING_INVALID_ENCODED_DATA")
  );
}

function resourceLogs(reader: BinaryReader, budget: Budget): ResourceLogs {
  const logs: ResourceLogs = { attributes: {}, scopes: [] };
  readMessage(reader, budget, (key) => {
    if (key === resourceLogsKeys.resource) {
      resourceFields(reader, budget, messageEnd(reader), logs.attributes);
    } else if (key === resourceLogsKeys.scopeLogs) {
      budget.scope();
      logs.scopes.push(scopeLogs(reader, budget));
    } else return false;
    return true;
  });
  return logs;
}

function scopeLogs(reader: BinaryReader, budget: Budget): ScopeLogs {
  const logs: ScopeLogs = { name: "", records: [] };
  readMessage(reader, budget, (key) => {
    if (key === scopeLogsKeys.scope) {
      logs.name = scopeName(reader, budget, messageEnd(reader), logs.name);
    } else if (key === scopeLogsKeys.logRecords) {
      budget.record();
      const message = reader.bytes();
      const record = recordFields(new BinaryReader(message), budget, message.length);
      logs.records.push({ record, message });
    } else return false;
    return true;
  });
  return logs;
}

function resourceFields(
  reader: BinaryReader,
  budget: Budget,
  end: number,
  attributes: Record<string, Value>,
): void {
  readFields(reader, budget, end, (key) => {
    if (key !== resourceKeys.attributes) return false;
    readKeyValue(reader, budget, attributes, 0);
    return true;
  });
}

/**
 * Decodes a scope.
 * @param before the name from an earlier message of the same scope.
 */
function scopeName(reader: BinaryReader, budget: Budget, end: number, before = ""): string {
  let name = before;
  readFields(reader, budget, end, (key) => {
    if (key !== scopeKeys.name) return false;
    name = reader.string(true);
    return true;
  });
  return name;
}

function recordFields(reader: BinaryReader, budget: Budget, end: number): LogRecord {
  const record = emptyRecord();
  const replacedBefore = budget.replaced;
  // They are written out behind the record: a field may be there a million times, and its last value holds.
  let time: bigint | string = 0n;
  let observedTime: bigint | string = 0n;
  let traceId: Uint8Array | null = null;
  let spanId: Uint8Array | null = null;
  readFields(reader, budget, end, (key) => {
    switch (key) {
      case recordKeys.time:
        time = reader.fixed64();
        return true;
      case recordKeys.observedTime:
        observedTime = reader.fixed64();
        return true;
      case recordKeys.severity:
        record.severity = reader.int32();
        return true;
      case recordKeys.severityText:
        record.severityText = reader.string(true);
        return true;
      case recordKeys.eventName:
        record.eventName = reader.string(true);
        return true;
      case recordKeys.body:
        record.body = anyValue(reader, budget, 0);
        return true;
      case recordKeys.attributes:
        readKeyValue(reader, budget, record.attributes, 0);
        return true;
      case recordKeys.droppedAttributes:
        record.droppedAttributes = reader.uint32();
        return true;
      case recordKeys.traceId:
        traceId = reader.bytes();
        return true;
      case recordKeys.spanId:
        spanId = reader.bytes();
        return true;
      default:
        return false;
    }
  });
  record.time = String(time);
  record.observedTime = String(observedTime);
  record.droppedAttributes += budget.replaced - replacedBefore;
  record.traceId = hexOf(traceId);
  record.spanId = hexOf(spanId);
  return record;
}

function hexOf(bytes: Uint8Array | null): string {
  return bytes === null ? "" : Buffer.from(bytes).toString("hex");
}

function readKeyValue(
  reader: BinaryReader,
  budget: Budget,
  into: Record<string, Value>,
  level: number,
): void {
  budget.value(level);
  let name = "";
  let value: Value = null;
  readMessage(reader, budget, (key) => {
    if (key === keyValueKeys.key) name = reader.string(true);
    else if (key === keyValueKeys.value) value = anyValue(reader, budget, level);
    else return false;
    return true;
  });
  budget.key(name);
  setValue(into, name, value, budget);
}

function anyValue(reader: BinaryReader, budget: Budget, level: number): Value {
  budget.value(level);
  let value: Value = null;
  readMessage(reader, budget, (key) => {
    switch (key) {
      case valueKeys.text:
        value = reader.string(true);
        return true;
      case valueKeys.bool:
        value = reader.bool();
        return true;
      case valueKeys.int:
        value = integerValue(BigInt(reader.int64()));
        return true;
      case valueKeys.double:
        value = reader.double();
        return true;
      case valueKeys.array:
        value = arrayValue(reader, budget, level + 1);
        return true;
      case valueKeys.list:
        value = listValue(reader, budget, level + 1);
        return true;
      case valueKeys.bytes:
        value = Buffer.from(reader.bytes()).toString("base64");
        return true;
      default:
        return false;
    }
  });
  return value;
}

function arrayValue(reader: BinaryReader, budget: Budget, level: number): Value[] {
  const values: Value[] = [];
  readMessage(reader, budget, (key) => {
    if (key !== listKeys.values) return false;
    values.push(anyValue(reader, budget, level));
    return true;
  });
  return values;
}

function listValue(reader: BinaryReader, budget: Budget, level: number): Record<string, Value> {
  const values: Record<string, Value> = {};
  readMessage(reader, budget, (key) => {
    if (key !== listKeys.values) return false;
    readKeyValue(reader, budget, values, level);
    return true;
  });
  return values;
}

/** Reads a message within another: its length, then its fields. */
function readMessage(reader: BinaryReader, budget: Budget, read: (key: number) => boolean): void {
  readFields(reader, budget, messageEnd(reader), read);
}

/** Reads the length of a message, and returns where it ends. */
function messageEnd(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}

/**
 * Reads the fields of a message.
 * @param read takes the value of a field; false leaves it to be skipped.
 */
function readFields(reader: BinaryReader, budget: Budget, end: number, read: (key: number) => boolean): void {
  while (reader.pos < end) {
    const start = reader.pos;
    if (read(reader.uint32())) continue;
    budget.skipped();
    reader.pos = start;
    const [field, type] = reader.tag();
    reader.skip(type, field);
  }
  if (reader.pos !== end) throw new RangeError("A message ends within a field");
}
