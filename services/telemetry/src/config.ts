import { kafkaSettings } from "@mosis/kafka";
import { listenTarget, publicTarget, readEnv, selfTelemetryTarget } from "@mosis/runtime";
import {
  ingestVariables,
  migrateVariables,
  queryVariables,
  replayVariables,
  writerVariables,
} from "./variables.ts";

type Environment = Record<string, string | undefined>;

/** @throws Error that lists every bad variable. */
export function readIngestConfig(env: Environment) {
  const values = readEnv(ingestVariables, env);
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
    waste: {
      addressMsPerSecond: values.INGEST_ADDRESS_WASTE_MS,
      keyMsPerSecond: values.INGEST_KEY_WASTE_MS,
    },
    addressShares: {
      ratePercent: values.INGEST_ADDRESS_RATE_PERCENT,
      dayPercent: values.INGEST_ADDRESS_DAY_PERCENT,
      refusedPercent: values.INGEST_REFUSED_PERCENT,
    },
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/** @throws Error that lists every bad variable. */
export function readWriterConfig(env: Environment) {
  const values = readEnv(writerVariables, env);
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
    sweep: {
      sweepIntervalMs: values.WRITER_SWEEP_SECONDS * 1000,
      deliveriesKeptDays: values.WRITER_DELIVERIES_DAYS,
      sweepLimits: {
        quietDaysMax: values.WRITER_SWEEP_QUIET_DAYS_MAX,
        percentMax: values.WRITER_SWEEP_PERCENT_MAX,
      },
    },
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/** @throws Error that lists every bad variable. */
export function readQueryConfig(env: Environment) {
  const values = readEnv(queryVariables, env);
  return {
    logLevel: values.LOG_LEVEL,
    http: publicTarget("QUERY", values),
    // No route is public here: an address without a good key has made a mistake.
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
  const values = readEnv(migrateVariables, env);
  return {
    logLevel: values.LOG_LEVEL,
    kafka: kafkaSettings(values),
    clickhouse: { url: values.CLICKHOUSE_URL, requestTimeoutMs: 60_000 },
  };
}

/** @throws Error that lists every bad variable. */
export function readReplayConfig(env: Environment) {
  const values = readEnv(replayVariables, env);
  return {
    logLevel: values.LOG_LEVEL,
    closeTimeoutMs: 10_000,
    kafka: kafkaSettings(values),
  };
}
