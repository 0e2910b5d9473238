import { kafkaSettings, kafkaVariables, recordVerifying } from "@mosis/kafka";
import {
  addressRangeList,
  integer,
  listenTarget,
  listenVariables,
  oneOf,
  optionalHeaderName,
  originList,
  publicTarget,
  publicVariables,
  readEnv,
  selfTelemetryTarget,
  selfTelemetryVariables,
  url,
} from "@mosis/runtime";

import { guardLimits, guardVariables } from "./ingest/guard-config.ts";

type Environment = Record<string, string | undefined>;

const clickhouse = {
  CLICKHOUSE_URL: url({ about: "ClickHouse as http://user:password@host:port/database." }),
};

const common = {
  LOG_LEVEL: oneOf({
    about: "The quietest lines that are logged.",
    values: ["trace", "debug", "info", "warn", "error", "silent"],
    default: "info",
  }),
};

const trustedProxies = addressRangeList({
  about: "Proxies whose X-Forwarded-For tells the client's address: ranges like 10.0.0.0/8, commas between.",
  default: [],
});

/** @throws Error that lists every bad variable. */
export function readIngestConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...selfTelemetryVariables,
      ...kafkaVariables,
      ...recordVerifying,
      ...publicVariables("INGEST", { about: "The port apps send telemetry to.", port: 4001 }),
      INGEST_HELD_MEGABYTES_MAX: integer({
        about: "Bodies and unacknowledged events kept in memory; beyond it requests are refused with 503.",
        min: 8,
        max: 4096,
        default: 64,
      }),
      INGEST_BODY_TIMEOUT_MS: integer({
        about: "How long a body may take to arrive before it is refused with 408.",
        min: 100,
        max: 300_000,
        default: 15_000,
      }),
      INGEST_COUNTRY_HEADER: optionalHeaderName({
        about:
          "The header in which your proxy tells the country of a client; it must replace the client's own.",
      }),
      INGEST_TRUSTED_PROXIES: trustedProxies,
      INGEST_CORS_ORIGINS: originList({
        about: "Origins whose pages may send from a browser, commas between; * for all.",
        default: [],
      }),
      ...guardVariables,
      INGEST_USAGE_INTERVAL_MS: integer({
        about: "How often the other ingest processes are told what this one has taken of the daily quotas.",
        min: 50,
        max: 60_000,
        default: 5000,
      }),
    },
    env,
  );
  return {
    logLevel: values.LOG_LEVEL,
    http: publicTarget("INGEST", values),
    closeTimeoutMs: 10_000,
    kafka: kafkaSettings(values),
    recordPublicKeys: values.CATALOG_RECORD_PUBLIC_KEYS,
    bodyTimeoutMs: values.INGEST_BODY_TIMEOUT_MS,
    heldBytesMax: values.INGEST_HELD_MEGABYTES_MAX * 1_048_576,
    countryHeader: values.INGEST_COUNTRY_HEADER,
    corsOrigins: values.INGEST_CORS_ORIGINS,
    trustedProxies: values.INGEST_TRUSTED_PROXIES,
    usageIntervalMs: values.INGEST_USAGE_INTERVAL_MS,
    ...guardLimits(values),
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/** @throws Error that lists every bad variable. */
export function readWriterConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...selfTelemetryVariables,
      ...kafkaVariables,
      ...recordVerifying,
      ...clickhouse,
      ...listenVariables("WRITER", { about: "The port of the writer's health and metrics.", port: 4004 }),
      WRITER_FETCH_MEGABYTES_MIN: integer({
        about: "Kafka answers a fetch when so much is there: larger inserts, fewer parts.",
        min: 1,
        max: 64,
        default: 32,
      }),
      WRITER_FETCH_WAIT_MS: integer({
        about: "Kafka answers a fetch after this time whatever is there: the freshness of quiet hours.",
        min: 10,
        max: 10_000,
        default: 1000,
      }),
      WRITER_FETCH_MEGABYTES_MAX: integer({
        about: "The most that one fetch brings, and that is held while ClickHouse is away.",
        min: 2,
        max: 256,
        default: 64,
      }),
      WRITER_SWEEP_SECONDS: integer({
        about: "How often events are deleted that their app no longer keeps.",
        min: 1,
        max: 604_800,
        default: 86_400,
      }),
    },
    env,
  );
  return {
    logLevel: values.LOG_LEVEL,
    http: listenTarget("WRITER", values),
    closeTimeoutMs: 10_000,
    kafka: kafkaSettings(values),
    recordPublicKeys: values.CATALOG_RECORD_PUBLIC_KEYS,
    clickhouse: { url: values.CLICKHOUSE_URL, requestTimeoutMs: 30_000 },
    fetch: {
      fetchBytesMin: values.WRITER_FETCH_MEGABYTES_MIN * 1_048_576,
      fetchWaitMs: values.WRITER_FETCH_WAIT_MS,
      fetchBytesMax: values.WRITER_FETCH_MEGABYTES_MAX * 1_048_576,
    },
    deleteTimeoutMs: 600_000,
    sweep: { sweepIntervalMs: values.WRITER_SWEEP_SECONDS * 1000 },
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/** @throws Error that lists every bad variable. */
export function readQueryConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...selfTelemetryVariables,
      ...kafkaVariables,
      ...recordVerifying,
      ...clickhouse,
      QUERY_READS_PER_MINUTE: integer({
        about: "GETs a minute of each key, in each process, and as many at once after a pause.",
        min: 1,
        max: 10_000_000,
        default: 6000,
      }),
      QUERY_WRITES_PER_MINUTE: integer({
        about: "Replays a minute of each key, in each process, and as many at once after a pause.",
        min: 1,
        max: 10_000_000,
        default: 600,
      }),
      ...publicVariables("QUERY", {
        about: "The port that receipts and the audit trail are read from.",
        port: 4002,
      }),
      QUERY_TRUSTED_PROXIES: trustedProxies,
    },
    env,
  );
  return {
    logLevel: values.LOG_LEVEL,
    http: publicTarget("QUERY", values),
    // Nothing here is public: an address without a good key has a mistake to find.
    requestRates: {
      reads: values.QUERY_READS_PER_MINUTE,
      writes: values.QUERY_WRITES_PER_MINUTE,
      publicReads: 600,
      publicWrites: 60,
    },
    closeTimeoutMs: 10_000,
    kafka: kafkaSettings(values),
    recordPublicKeys: values.CATALOG_RECORD_PUBLIC_KEYS,
    clickhouse: { url: values.CLICKHOUSE_URL, requestTimeoutMs: 5000 },
    trustedProxies: values.QUERY_TRUSTED_PROXIES,
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/** @throws Error that lists every bad variable. */
export function readMigrateConfig(env: Environment) {
  const values = readEnv({ ...common, ...kafkaVariables, ...clickhouse }, env);
  return {
    logLevel: values.LOG_LEVEL,
    kafka: kafkaSettings(values),
    clickhouse: { url: values.CLICKHOUSE_URL, requestTimeoutMs: 60_000 },
  };
}

/** @throws Error that lists every bad variable. */
export function readReplayConfig(env: Environment) {
  const values = readEnv({ ...common, ...kafkaVariables }, env);
  return {
    logLevel: values.LOG_LEVEL,
    closeTimeoutMs: 10_000,
    kafka: kafkaSettings(values),
  };
}
