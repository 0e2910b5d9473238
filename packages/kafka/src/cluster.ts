import type { Logger } from "@mosis/runtime";
import type { Topic } from "@mosis/types/topics";
import type { Kafka, LogEntry } from "kafkajs";
import { loadKafkaJs } from "./native-parts.ts";
import { type KafkaSecurity, securityOptions } from "./security.ts";
import type { RecordSigner } from "./signer.ts";
import type { RecordVerifier } from "./verifier.ts";

export const kafkajs = loadKafkaJs();

/** The address of a cluster, and how we identify ourselves there. */
export interface KafkaConfig {
  /** `host:port`; one broker of a cluster is enough to start from. */
  brokers: string[];
  /** The name in the broker's logs and quotas. */
  clientId: string;
  /** The prefix of every topic name; "" on a cluster of our own. Tests use it to stay apart. */
  topicPrefix: string;
  log: Logger;
  /** The encryption and the credentials; without them, a plain connection as an anonymous user. */
  security?: KafkaSecurity;
  /** Signs the records that a producer sends to topics of the catalog. Only the relay has one. */
  signer?: RecordSigner;
  /** Checks the records that are read from topics of the catalog. They cannot be read without it. */
  verifier?: RecordVerifier;
}

/** The timeouts of every single request. Code built on them has its own bounds. */
const connectionTimeoutMs = 3000;
export const requestTimeoutMs = 10_000;

/**
 * Creates a kafkajs instance with every timeout explicit and its log in ours. Each of its clients has its own
 * sockets.
 */
export function connectTo(config: KafkaConfig): Kafka {
  const { brokers, clientId, log, security } = config;
  return new kafkajs.Kafka({
    brokers,
    clientId,
    ...securityOptions(security),
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000, factor: 0.2, multiplier: 2 },
    logLevel: log.isLevelEnabled("debug") ? kafkajs.logLevel.INFO : kafkajs.logLevel.WARN,
    logCreator: () => (entry) => relayLog(log, entry),
  });
}

export function wireName(config: Pick<KafkaConfig, "topicPrefix">, topic: Topic): string {
  return config.topicPrefix + topic;
}

export function topicOf(config: Pick<KafkaConfig, "topicPrefix">, name: string): Topic {
  return name.slice(config.topicPrefix.length) as Topic;
}

/**
 * Passes on the log of kafkajs, mostly at level debug. kafkajs logs every retry as an error, also one that
 * succeeds at the next try, and an outage gives a line for every request in flight. A final failure reaches
 * our callers as an error; only the reports of a consumer have no caller.
 */
function relayLog(log: Logger, { level, namespace, log: entry }: LogEntry): void {
  const { message, error, groupId, broker } = entry;
  const fields = {
    kafkajs: namespace,
    error: error as unknown,
    group: groupId as unknown,
    broker: broker as unknown,
  };
  if (level === kafkajs.logLevel.ERROR && namespace.startsWith("Consumer")) log.warn(fields, message);
  else log.debug(fields, message);
}
