// A broker for only one test, with the users and passwords of `npm start`.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BrokerCertificate,
  freePorts,
  kafkaLogin,
  type KafkaUser,
  readPasswords,
  startKafka,
} from "@mosis/devstack";
import { createLogger } from "@mosis/runtime";
import {
  type AclSpecs,
  ensureAcls,
  ensureTopics,
  type KafkaConfig,
  type KafkaSecurity,
  readKafka,
  type TopicSpecs,
} from "../src/index.ts";

const log = createLogger({ service: "test", level: "silent" });

export interface OwnBroker {
  /** Returns its address and credentials, for processes and clients of that user. */
  environment(user: KafkaUser): Record<string, string>;
  /** Returns the settings of a client of that user. */
  as(user: KafkaUser): KafkaConfig & { security: KafkaSecurity };
  /** The port that only the broker itself may use. */
  controller: string;
  start(): ReturnType<typeof startKafka>;
}

/** @param certify Makes a certificate in the broker's folder, for a listener with TLS. */
export async function ownBroker(
  t: { after(done: () => unknown): void },
  certify?: (folder: string) => Promise<BrokerCertificate>,
): Promise<OwnBroker> {
  const dataDir = mkdtempSync(join(tmpdir(), "mosis-kafka-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const certificate = await certify?.(dataDir);
  const topicPrefix = `t-${randomUUID()}-`;
  const environment = (user: KafkaUser) => ({
    KAFKA_BROKERS: `127.0.0.1:${port}`,
    ...kafkaLogin(readPasswords(dataDir), user),
  });
  return {
    environment,
    controller: `127.0.0.1:${controllerPort}`,
    as: (user) => ({ ...readKafka(environment(user)), clientId: user, topicPrefix, log }),
    start: () =>
      startKafka({ dataDir, port, controllerPort, cacheDir: null, ...(certificate && { certificate }) }),
  };
}

/** Makes topics and grants as the migrate job does. */
export async function prepare(administrator: KafkaConfig) {
  await ensureTopics(administrator, topicSpecs);
  return ensureAcls(administrator, aclSpecs);
}

export const topicSpecs = readSpecs("topics.json") as TopicSpecs;
export const aclSpecs = readSpecs("acls.json") as AclSpecs;

function readSpecs(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../infra/kafka/${file}`, import.meta.url), "utf8"));
}
