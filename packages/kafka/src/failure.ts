import type { KafkaSecurity } from "./security.ts";

/**
 * What a failure to connect means for who runs the process: which setting to look at. kafkajs says "Closed
 * connection" when a broker expects TLS or a password and gets neither.
 */
export function explained(error: unknown, { brokers, security }: Where): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = rootOf(error);
  const where = brokers.join(", ");
  const { tls = null, sasl = null } = security ?? {};
  if (name === "KafkaJSSASLAuthenticationError") {
    return new Error(
      `Kafka refused the user ${sasl?.username}: see KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and ` +
        `KAFKA_SASL_MECHANISM. ${message}`,
      { cause: error },
    );
  }
  if (name === "KafkaJSConnectionClosedError" && (sasl === null || tls === null)) {
    return new Error(
      `Kafka (${where}) closed the connection: if it expects TLS or a password, set KAFKA_SECURITY_PROTOCOL.`,
      { cause: error },
    );
  }
  return error;
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

interface Where {
  brokers: string[];
  security?: KafkaSecurity;
}
