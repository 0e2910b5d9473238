// A job: makes the tables of ClickHouse and the topics of Kafka as this version needs them, and ends.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { migrateUp } from "@mosis/clickhouse";
import { ensureTopics, type TopicSpecs } from "@mosis/kafka";
import { createLogger } from "@mosis/runtime";
import { readMigrateConfig } from "../config.ts";

const infra = new URL("../../../../infra/", import.meta.url);

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readMigrateConfig(process.env);
const log = createLogger({ service: "telemetry-migrate", level: config.logLevel });

try {
  const specs = JSON.parse(readFileSync(new URL("kafka/topics.json", infra), "utf8")) as TopicSpecs;
  const folder = fileURLToPath(new URL("clickhouse/migrations", infra));
  const [migrations, topics] = await Promise.all([
    migrateUp({ ...config.clickhouse, log, folder }),
    ensureTopics({ ...config.kafka, clientId: "telemetry-migrate", log }, specs),
  ]);
  log.info({ migrations, topics }, "ClickHouse and Kafka are as this version needs them");
} catch (error) {
  log.error({ err: error }, "telemetry migrate failed");
  process.exitCode = 1;
}
