import { WireType } from "@bufbuild/protobuf/wire";

// A key on the wire is the number of the field and how its value is written.
const varint = (field: number) => (field << 3) | WireType.Varint;
const fixed64 = (field: number) => (field << 3) | WireType.Bit64;
const bytes = (field: number) => (field << 3) | WireType.LengthDelimited;

// Fields have their numbers from opentelemetry/proto/{collector/logs,logs,resource,common}/v1, which are
// stable.
export const requestKeys = { resourceLogs: bytes(1) };
export const resourceLogsKeys = { resource: bytes(1), scopeLogs: bytes(2) };
export const resourceKeys = { attributes: bytes(1) };
export const scopeLogsKeys = { scope: bytes(1), logRecords: bytes(2) };
export const scopeKeys = { name: bytes(1) };
export const recordKeys = {
  time: fixed64(1),
  severity: varint(2),
  severityText: bytes(3),
  body: bytes(5),
  attributes: bytes(6),
  droppedAttributes: varint(7),
  traceId: bytes(9),
  spanId: bytes(10),
  observedTime: fixed64(11),
  eventName: bytes(12),
};
/** This field is not stored, but nearly every record has it. */
export const recordFlags = (8 << 3) | WireType.Bit32;
export const keyValueKeys = { key: bytes(1), value: bytes(2) };
export const valueKeys = {
  text: bytes(1),
  bool: varint(2),
  int: varint(3),
  double: fixed64(4),
  array: bytes(5),
  list: bytes(6),
  bytes: bytes(7),
};
export const listKeys = { values: bytes(1) };
