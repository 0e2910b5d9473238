// The variables of each process. A process is started with only its own, so that it holds no secret that it
// does not use.
import { kafkaVariables, recordVerifying } from "@mosis/kafka";
import {
  addressRangeList,
  integer,
  listenVariables,
  oneOf,
  optionalHeaderName,
  originList,
  publicVariables,
  selfTelemetryVariables,
  url,
} from "@mosis/runtime";
import { wasteDefaults } from "./ingest/door/waste.ts";
import { shareDefaults } from "./ingest/judging/quota/address-shares.ts";

const clickhouse = {
  CLICKHOUSE_URL: url({ about: "ClickHouse as http://user:password@host:port/database." }),
};

const common = {
  LOG_LEVEL: oneOf({
    about: "The lowest level that is logged.",
    values: ["trace", "debug", "info", "warn", "error", "silent"],
    default: "info",
  }),
};

const trustedProxies = addressRangeList({
  about: "Proxies whose X-Forwarded-For names the client's address: ranges like 10.0.0.0/8, commas between.",
  default: [],
});

/**
 * The limits of what refused requests may cost, and of what one address may use of an app with a public key.
 */
const guardVariables = {
  INGEST_ADDRESS_WASTE_MS: integer({
    about:
      "Milliseconds of CPU a second that an address (a /64 of IPv6) may cost for requests that are refused.",
    min: 1,
    max: 1_000_000,
    default: wasteDefaults.addressMsPerSecond,
  }),
  INGEST_KEY_WASTE_MS: integer({
    about: "The same for a key, from all addresses; beyond it, the addresses that contributed have to wait.",
    min: 1,
    max: 1_000_000,
    default: wasteDefaults.keyMsPerSecond,
  }),
  INGEST_ADDRESS_RATE_PERCENT: integer({
    about:
      "The percentage of an app's events a second that one address may send with an ingest key, at least " +
      "1000 events.",
    min: 1,
    max: 100,
    default: shareDefaults.ratePercent,
  }),
  INGEST_ADDRESS_DAY_PERCENT: integer({
    about:
      "The percentage of an app's day that an address may send with an ingest key once half the day is " +
      "used, at least 100 events.",
    min: 1,
    max: 100,
    default: shareDefaults.dayPercent,
  }),
  INGEST_REFUSED_PERCENT: integer({
    about: "Events that may be refused, in percent of an app's day; they do not count against the day.",
    min: 1,
    max: 100,
    default: shareDefaults.refusedPercent,
  }),
};

export const ingestVariables = {
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
    about: "The header in which your proxy sends the country of a client; it must replace the client's own.",
  }),
  INGEST_TRUSTED_PROXIES: trustedProxies,
  INGEST_CORS_ORIGINS: originList({
    about: "Origins whose pages may send from a browser, commas between; * for all.",
    default: [],
  }),
  ...guardVariables,
  INGEST_USAGE_INTERVAL_MS: integer({
    about:
      "How often this process publishes what it has taken of the daily quotas: the others do not know " +
      "what it has taken since.",
    min: 50,
    max: 60_000,
    default: 5000,
  }),
};

export const writerVariables = {
  ...common,
  ...selfTelemetryVariables,
  ...kafkaVariables,
  ...recordVerifying,
  ...clickhouse,
  ...listenVariables("WRITER", { about: "The port of the writer's health and metrics.", port: 4004 }),
  WRITER_FETCH_MEGABYTES_MIN: integer({
    about: "Kafka answers a fetch when this much is there: larger inserts make fewer parts.",
    min: 1,
    max: 64,
    default: 32,
  }),
  WRITER_FETCH_WAIT_MS: integer({
    about:
      "Kafka answers a fetch after this time even when less is there: data of quiet hours waits so long.",
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
    about:
      "Seconds between sweeps, which delete events that their app no longer keeps, and redact deleted " +
      "accounts.",
    min: 1,
    max: 604_800,
    default: 86_400,
  }),
  WRITER_DELIVERIES_DAYS: integer({
    about:
      "Days that single deliveries and their outcomes are kept; then a month of them is summed up by app, " +
      "day, outcome and reason.",
    min: 62,
    max: 3650,
    default: 400,
  }),
  WRITER_SWEEP_QUIET_DAYS_MAX: integer({
    about: "A sweep deletes nothing when the newest event was received longer ago: a clock may be wrong.",
    min: 1,
    max: 36_500,
    default: 3,
  }),
  WRITER_SWEEP_PERCENT_MAX: integer({
    about: "A sweep deletes nothing when it would take a larger percentage of all events.",
    min: 1,
    max: 100,
    default: 50,
  }),
};

export const queryVariables = {
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
};

export const migrateVariables = { ...common, ...kafkaVariables, ...clickhouse };

export const replayVariables = { ...common, ...kafkaVariables };
