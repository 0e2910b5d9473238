// What ingest must make of a batch, written from docs/api.md and packages/types/src/telemetry.ts, slowly and
// by other means than ingest: nothing of it is imported. Limits are numbers here, so that a changed one is
// seen.

type Fields = Record<string, unknown>;

/** JSON, with integers beyond 2^53 as their digits. */
export function readJson(text: string): unknown {
  // A reviver goes no deeper than the stack, and some bodies do.
  if (!/(?:^|[:,[])\s*-?\d{16}/.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, (_key, value: unknown, { source } = { source: "" }) => {
    const isWide = /^-?\d+$/.test(source) && !Number.isSafeInteger(Number(source));
    return isWide && typeof value === "number" ? JSON.rawJSON(source) : value;
  });
}

/** As a number, where the contract has one. */
function numberIn(value: unknown): unknown {
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : value;
}

/** As the text of its digits, which is how a property is kept. */
function textIn(value: unknown): unknown {
  return JSON.isRawJSON(value) ? value.rawJSON : value;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const kinds = new Set(["event", "screen", "perf", "error", "crash"]);
const eventFields = new Set(["event_id", "name", "kind", "time", "session_id", "duration_ms", "properties"]);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const noUuid = "00000000-0000-0000-0000-000000000000";

/** Stands for a line of NDJSON that is not JSON. */
export class BrokenLine {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** One answered request, in the form of JSON. */
export interface Told {
  appId: string;
  batch: Fields & { batch_id: string; events: unknown[] };
  receivedAtMs: number;
}

/** Milliseconds since 1970, NaN for what is no time or outside of 1900–2299. */
function timeOf(value: unknown): number {
  const it = numberIn(value);
  const ms = typeof it === "number" ? Math.trunc(it) : typeof it === "string" ? ofText(it) : NaN;
  return ms >= Date.parse("1900-01-01T00:00Z") && ms < Date.parse("2300-01-01T00:00Z") ? ms + 0 : NaN;
}

function ofText(text: string): number {
  const form = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?([Zz]|([+-])(\d\d):(\d\d))$/.exec(
    text,
  );
  if (!form) return NaN;
  const [year, month, day, hour, minute, second] = form.slice(1, 7).map(Number) as Six;
  const [fraction = "", , sign, offsetHours = "0", offsetMinutes = "0"] = form.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return NaN;
  if (hour > 23 || minute > 59 || second > 60) return NaN;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return NaN;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -1 : 1);
  const ms = Number(`${fraction.slice(1)}000`.slice(0, 3));
  return date.getTime() + (hour * 60 + minute - offset) * minuteMs + second * 1000 + ms;
}

type Six = [number, number, number, number, number, number];

/** What is added to the times of a batch. */
export function correctionOf({ batch, receivedAtMs }: Told): number {
  if (batch["sent_at"] === undefined) return 0;
  const correction = receivedAtMs - timeOf(batch["sent_at"]);
  return Math.abs(correction) > 2 * minuteMs ? correction : 0;
}

/** Every code of the closed list that could be told of an event; none when it must be taken. */
export function faultsOf(event: unknown, told: Told): Set<string> {
  if (event instanceof BrokenLine) return new Set(["json_invalid"]);
  const isObject = typeof event === "object" && event !== null && !Array.isArray(event);
  if (!isObject || JSON.isRawJSON(event)) return new Set(["not_an_object"]);
  const it = event as Fields;
  const { event_id, name, kind, session_id, properties } = it;
  const time = numberIn(it["time"]);
  const duration_ms = numberIn(it["duration_ms"]);
  const text = (value: unknown) => typeof value === "string";
  const isId = (value: unknown) => text(value) && uuid.test(value);
  const ms = text(time) && characters(time) > 40 ? NaN : timeOf(time);
  const eventMs = ms + correctionOf(told);
  const faults: [string, boolean][] = [
    ["field_missing", event_id === undefined || name === undefined || time === undefined],
    ["field_unknown", Object.keys(it).some((key) => !eventFields.has(key))],
    [
      "type_invalid",
      ![event_id, name, session_id, kind].every((value) => value === undefined || text(value)),
    ],
    ["type_invalid", time !== undefined && !text(time) && typeof time !== "number"],
    ["type_invalid", duration_ms !== undefined && typeof duration_ms !== "number"],
    ["uuid_invalid", ![event_id, session_id].every((value) => !text(value) || isId(value))],
    ["name_invalid", text(name) && !isName(name)],
    ["kind_unknown", text(kind) && !kinds.has(kind)],
    ["time_invalid", (text(time) || typeof time === "number") && Number.isNaN(ms)],
    ["time_too_old", eventMs < told.receivedAtMs - 30 * dayMs],
    ["time_too_far_ahead", eventMs > told.receivedAtMs + 23 * 60 * minuteMs],
    ["duration_invalid", typeof duration_ms === "number" && !(duration_ms >= 0 && duration_ms <= 4294967295)],
    ["event_too_large", Buffer.byteLength(JSON.stringify(event)) > 32_768],
    ...propertyFaults(properties),
  ];
  return new Set(faults.filter(([, isSo]) => isSo).map(([code]) => code));
}

function isName(name: string): boolean {
  const length = characters(name);
  return length >= 1 && length <= 100 && Array.from(name).every((it) => it >= " " && it !== "\u007f");
}

function propertyFaults(properties: unknown): [string, boolean][] {
  if (properties === undefined) return [];
  const isObject = typeof properties === "object" && properties !== null && !Array.isArray(properties);
  if (!isObject || JSON.isRawJSON(properties)) return [["type_invalid", true]];
  const keys = Object.keys(properties);
  const isValue = (value: unknown) =>
    typeof textIn(value) === "string" || typeof value === "boolean" || Number.isFinite(value);
  return [
    ["properties_too_many", keys.length > 64],
    ["property_key_invalid", keys.some((key) => characters(key) < 1 || characters(key) > 64)],
    ["property_value_invalid", !Object.values(properties).every(isValue)],
  ];
}

/** The row of `events_raw` that an accepted event must become. */
export function eventRow(event: unknown, told: Told) {
  const it = event as Fields;
  const context = (told.batch["context"] ?? {}) as Fields;
  const clientMs = timeOf(it["time"]);
  const textOf = (name: string) => stored((context[name] ?? "") as string);
  const entries = Object.entries((it["properties"] ?? {}) as Fields).map(
    ([key, value]): [string, unknown] => [key, textIn(value)],
  );
  return {
    app_id: told.appId,
    session_id: ((it["session_id"] ?? noUuid) as string).toLowerCase(),
    client_time: clientMs,
    event_key: String(eventKey(it["event_id"] as string)),
    clock_correction_ms: correctionOf(told),
    received_delay_ms: told.receivedAtMs - clientMs,
    name: stored(it["name"] as string),
    kind: (it["kind"] ?? "event") as string,
    install_id: ((context["install_id"] ?? noUuid) as string).toLowerCase(),
    version_code: Number(context["version_code"] ?? 0) + 0,
    os: textOf("os"),
    os_version: textOf("os_version"),
    device_model: textOf("device_model"),
    locale: textOf("locale"),
    country: textOf("country"),
    network: textOf("network"),
    mosis_version: textOf("mosis_version"),
    duration_ms: Math.floor(Number(it["duration_ms"] ?? 0) + 0.5),
    properties_string: pairs(entries, (value, key) =>
      typeof value === "string" ? stored(cut(key, value)) : null,
    ),
    properties_number: pairs(entries, (value) => (typeof value === "string" ? null : bits(Number(value)))),
  };
}

export type EventRow = ReturnType<typeof eventRow>;

/** Sorted, because the order of properties is no promise. */
function pairs(
  entries: [string, unknown][],
  form: (value: unknown, key: string) => string | null,
): [string, string][] {
  const all = entries.flatMap(([key, value]): [string, string][] => {
    const text = form(value, key);
    return text === null ? [] : [[stored(key), text]];
  });
  return sorted(all);
}

export function sorted(entries: [string, string][]): [string, string][] {
  return entries.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** 48 bits of the id (docs/decisions/0030), over its 16 bytes. What it gives may never change. */
function eventKey(id: string): bigint {
  const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
  const [a, b, c, d] = [0, 4, 8, 12].map((at) => BigInt(bytes.readUInt32BE(at))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const low = d ^ mixed(c ^ mixed(b ^ mixed(a ^ 0x5bd1e995n)));
  const sum = a * 0x9e3779b1n + b * 0x85ebca77n + c * 0xc2b2ae3dn + d * 0x27d4eb2fn;
  return (((sum >> 16n) & 0xffffn) << 32n) | low;
}

function mixed(word: bigint): bigint {
  const times = (x: bigint, factor: bigint) => (x * factor) & 0xffffffffn;
  let h = times(word ^ (word >> 16n), 0x85ebca6bn);
  h = times(h ^ (h >> 13n), 0xc2b2ae35n);
  return h ^ (h >> 16n);
}

/** The warnings of an accepted event, but for the one of its batch's clock. */
export function cutKeys(event: unknown): string[] {
  const entries = Object.entries(((event as Fields)["properties"] ?? {}) as Fields);
  return entries.flatMap(([key, value]) =>
    typeof value === "string" && cut(key, value) !== value ? [key] : [],
  );
}

function cut(key: string, text: string): string {
  if (/(?:^|\.)(?:stacktrace|stack_trace|stackTrace|stack)$/.test(key)) return text;
  return Array.from(text).slice(0, 1024).join("");
}

function characters(text: string): number {
  return Array.from(text).length;
}

/** Text as UTF-8 can hold it. */
export function stored(text: string): string {
  return text.toWellFormed();
}

/** All 64 bits of a number, so that −0 is not 0. */
export function bits(value: number): string {
  return String(new BigUint64Array(new Float64Array([value]).buffer)[0]);
}
