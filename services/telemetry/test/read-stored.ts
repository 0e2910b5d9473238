import { type ClickHouse, select } from "@mosis/clickhouse";
import Type from "typebox";
import { bits, sorted } from "./contract.ts";

const anyRow = Type.Record(Type.String(), Type.Unknown());

async function read(store: ClickHouse, appId: string, columns: string, from: string) {
  const sql = `select ${columns} from ${from} where app_id = {app:UUID}`;
  return select(store, anyRow, sql, { app: appId }, { rowsMax: 1_000_000 });
}

const eventTexts = [
  "name",
  "os",
  "os_version",
  "device_model",
  "locale",
  "country",
  "network",
  "mosis_version",
];

export async function readEvents(store: ClickHouse, appId: string) {
  const texts = eventTexts.map((name) => `base64Encode(${name}) as ${name}_64`).join(", ");
  const columns = `app_id, session_id, toUnixTimestamp64Milli(client_time) as client_ms, event_key,
    clock_correction_ms, received_delay_ms, kind, install_id, version_code, duration_ms, ${texts},
    arrayMap((k, v) -> (base64Encode(k), base64Encode(v)),
      mapKeys(properties_string), mapValues(properties_string)) as strings,
    arrayMap((k, v) -> (base64Encode(k), toString(reinterpretAsUInt64(v))),
      mapKeys(properties_number), mapValues(properties_number)) as numbers`;
  const rows = await read(store, appId, columns, "events_raw final");
  return rows.map((row) => {
    const t = (name: string) => unpacked(row[`${name}_64`]);
    return {
      app_id: row["app_id"],
      session_id: row["session_id"],
      client_time: Number(row["client_ms"]),
      event_key: row["event_key"],
      clock_correction_ms: Number(row["clock_correction_ms"]),
      received_delay_ms: Number(row["received_delay_ms"]),
      name: t("name"),
      kind: row["kind"],
      install_id: row["install_id"],
      version_code: row["version_code"],
      os: t("os"),
      os_version: t("os_version"),
      device_model: t("device_model"),
      locale: t("locale"),
      country: t("country"),
      network: t("network"),
      mosis_version: t("mosis_version"),
      duration_ms: row["duration_ms"],
      properties_string: sorted(entries(row["strings"]).map(([k, v]) => [unpacked(k), unpacked(v)])),
      properties_number: sorted(entries(row["numbers"]).map(([k, v]) => [unpacked(k), v])),
    };
  });
}

/** What the view adds: times, and one map of all properties. A number's text must read back as its bits. */
export async function readView(store: ClickHouse, appId: string) {
  const columns = `event_key, toUnixTimestamp64Milli(event_time) as event_ms,
    toUnixTimestamp64Milli(received_at) as received_ms, mapKeys(properties_number) as number_keys,
    arrayMap((k, v) -> (base64Encode(k), base64Encode(v)),
      mapKeys(properties), mapValues(properties)) as all_pairs`;
  const rows = await read(store, appId, columns, "events");
  return rows.map((row) => {
    const numbers = new Set(row["number_keys"] as string[]);
    const pairs = entries(row["all_pairs"]).map(([k, v]): [string, string] => {
      const key = unpacked(k);
      return [key, numbers.has(key) ? bits(Number(unpacked(v))) : unpacked(v)];
    });
    return {
      event_key: row["event_key"],
      event_time: Number(row["event_ms"]),
      received_at: Number(row["received_ms"]),
      properties: sorted(pairs),
    };
  });
}

export async function readBatches(store: ClickHouse, appId: string) {
  const columns = `batch_id, toUnixTimestamp64Milli(received_at) as ms, key_id, accepted, rejected, warned,
    discarded, body_bytes, clock_correction_ms, base64Encode(sdk_name) as name_64,
    base64Encode(sdk_version) as version_64`;
  const rows = await read(store, appId, columns, "ingest_batches");
  return rows.map(({ ms, name_64, version_64, ...row }) => ({
    app_id: appId,
    batch_id: row["batch_id"],
    received_at: Number(ms),
    key_id: row["key_id"],
    accepted: row["accepted"],
    rejected: row["rejected"],
    warned: row["warned"],
    discarded: row["discarded"],
    body_bytes: row["body_bytes"],
    clock_correction_ms: Number(row["clock_correction_ms"]),
    sdk_name: unpacked(name_64),
    sdk_version: unpacked(version_64),
  }));
}

export async function readRejected(store: ClickHouse, appId: string) {
  const columns = `batch_id, toUnixTimestamp64Milli(received_at) as ms, index, code,
    base64Encode(event_id) as id_64,
    base64Encode(pointer) as pointer_64, base64Encode(raw) as raw_64`;
  const rows = await read(store, appId, columns, "rejected_events");
  return rows.map((row) => ({
    app_id: appId,
    received_at: Number(row["ms"]),
    batch_id: row["batch_id"],
    index: row["index"],
    event_id: unpacked(row["id_64"]),
    code: row["code"],
    pointer: unpacked(row["pointer_64"]),
    raw: start(unpacked(row["raw_64"])),
  }));
}

function entries(value: unknown): [string, string][] {
  return value as [string, string][];
}

function unpacked(base64: unknown): string {
  return Buffer.from(base64 as string, "base64").toString("utf8");
}

/** Those over 32 KiB are cut, perhaps in the middle of a character: what is compared ends just before. */
export function start(raw: string): string {
  return Buffer.from(raw).subarray(0, 32_760).toString();
}
