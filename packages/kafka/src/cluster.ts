import type { Logger } from "@mosis/runtime";
import type { Topic } from "@mosis/types/topics";
import type { Kafka, LogEntry } from "kafkajs";
import { loadKafkaJs } from "./native-parts.ts";
import { type KafkaSecurity, securityOptions } from "./security.ts";
import type { RecordSigner } from "./signer.ts";
import type { RecordVerifier } from "./verifier.ts";

export const kafkajs = loadKafkaJs();

/** Where a cluster is and how we appear there. */
export interface KafkaConfig {
  /** `host:port`; any one of a cluster is enough to start from. */
  brokers: string[];
  /** Shown in the broker's logs and quotas. */
  clientId: string;
  /** Put in front of every topic name; "" on a cluster of our own. Tests use it to be alone. */
  topicPrefix: string;
  log: Logger;
  /** How to be let in; without it, as nobody over a bare connection. */
  security?: KafkaSecurity;
  /** Signs what a producer sends to topics of the catalog. Only the relay has one. */
  signer?: RecordSigner;
  /** Checks what is read from topics of the catalog. They cannot be read without. */
  verifier?: RecordVerifier;
}

/** Bounds of every single request; what is built on them has its own. */
const connectionTimeoutMs = 3000;
export const requestTimeoutMs = 10_000;

/**
 * A kafkajs instance with every timeout explicit and its log in ours. Each client of it has its own
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
 * kafkajs calls every retry an error, also those that succeed at the next try, and an outage gives a line for
 * every request in flight. What fails for good reaches our callers as an error of their own; only what a
 * consumer has to say has no caller.
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
