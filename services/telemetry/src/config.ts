import { brokerList, integer, oneOf, port, readEnv, text } from "@mosis/runtime";

type Environment = Record<string, string | undefined>;

const kafka = {
  KAFKA_BROKERS: brokerList({ about: "The Kafka brokers to start from, host:port, commas between." }),
  KAFKA_TOPIC_PREFIX: text({ about: "Put in front of every topic name on a shared cluster.", default: "" }),
};

const common = {
  LOG_LEVEL: oneOf({
    about: "The quietest lines that are logged.",
    values: ["trace", "debug", "info", "warn", "error", "silent"],
    default: "info",
  }),
};

/** @throws Error that lists every bad variable. */
export function readIngestConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...kafka,
      INGEST_PORT: port({ about: "The port apps send telemetry to.", default: 4001 }),
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
    },
    env,
  );
  return {
    logLevel: values.LOG_LEVEL,
    port: values.INGEST_PORT,
    closeTimeoutMs: 10_000,
    kafka: { brokers: values.KAFKA_BROKERS, topicPrefix: values.KAFKA_TOPIC_PREFIX },
    bodyTimeoutMs: values.INGEST_BODY_TIMEOUT_MS,
    heldBytesMax: values.INGEST_HELD_MEGABYTES_MAX * 1_048_576,
  };
}
