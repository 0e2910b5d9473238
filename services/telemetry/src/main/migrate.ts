// A job that makes the tables of ClickHouse, the topics of Kafka and the rights to them as this version needs
// them, and ends.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { migrateUp } from "@mosis/clickhouse";
import { type AclChanges, type AclSpecs, ensureAcls, ensureTopics, type TopicSpecs } from "@mosis/kafka";
import { createLogger, endProcess } from "@mosis/runtime";
import { readMigrateConfig } from "../config.ts";

const infra = new URL("../../../../infra/", import.meta.url);

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readMigrateConfig(process.env);
const log = createLogger({ service: "telemetry-migrate", level: config.logLevel });

try {
  const folder = fileURLToPath(new URL("clickhouse", infra));
  const kafka = { ...config.kafka, clientId: "telemetry-migrate", log };
  const [migrations, topics, acls] = await Promise.all([
    migrateUp({ ...config.clickhouse, log, folder }),
    ensureTopics(kafka, readSpecs("kafka/topics.json") as TopicSpecs),
    ensureAcls(kafka, readSpecs("kafka/acls.json") as AclSpecs),
  ]);
  warnOfDangers(acls);
  log.info({ migrations, topics, acls }, "ClickHouse and Kafka are as this version needs them");
} catch (error) {
  log.error({ err: error }, "telemetry migrate failed");
  process.exitCode = 1;
}
endProcess(log);

function readSpecs(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, infra), "utf8"));
}

function warnOfDangers(acls: AclChanges | null): void {
  if (acls === null) log.warn("Kafka has no authorizer: whoever reaches it may read and write every topic");
  else if (acls.strangers.length > 0) {
    log.warn({ users: acls.strangers }, "Users that are not ours may write to topics of the catalog");
  }
}
