import { setTimeout as delay } from "node:timers/promises";
import type { KafkaConfig } from "./cluster.ts";
import { withDeadline } from "./deadline.ts";
import type { KafkaSecurity } from "./security.ts";

/** A client of kafkajs: a producer, a consumer or an administrator. */
interface Client {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/**
 * The time within which a starting process begins new tries: a broker may be starting as well.
 * @limit tries to reach Kafka of a process that starts
 */
const connectDeadlineMs = 30_000;
/** Additional time for the last try, which kafkajs bounds by its own timeouts and retries. */
const lastTryMs = 10_000;
const pauseMs = 250;

/**
 * Connects clients one after the other, and tries again while no broker answers. A failed client is closed
 * before the next try and before the end: an open socket keeps a process alive that has failed to start. If
 * two clients connected at once, the first failure would leave the other one open.
 * @param ask A question to the first client that shows that the brokers serve us. A broker that requires a
 * password accepts a connection without one, and closes it at the first question.
 * @throws Error when no broker has answered in time, and at once when another try cannot help (password,
 * certificate).
 */
export async function connectAll(
  config: KafkaConfig & { connectDeadlineMs?: number },
  clients: readonly Client[],
  ask: () => Promise<unknown> = async () => {},
): Promise<void> {
  const limitMs = config.connectDeadlineMs ?? connectDeadlineMs;
  const giveUpAt = performance.now() + limitMs;
  let isLate = false;
  const close = () => closeAll(config, clients);
  const trying = async () => {
    for (let tries = 1; ; tries++) {
      try {
        await connectInTurn(clients, ask);
        // Nobody waits for it any more.
        if (isLate) await close();
        return;
      } catch (error) {
        await close();
        const reason = explained(error, config);
        if (isHopeless(error) || performance.now() >= giveUpAt) throw reason;
        if (tries === 1) config.log.warn({ err: reason }, "Kafka cannot be reached yet; trying again");
        await delay(pauseMs);
      }
    }
  };
  try {
    await withDeadline(trying(), limitMs + lastTryMs, "Connecting to Kafka");
  } finally {
    isLate = true;
  }
}

async function connectInTurn(clients: readonly Client[], ask: () => Promise<unknown>): Promise<void> {
  const [first, ...others] = clients;
  await first?.connect();
  await ask();
  for (const client of others) await client.connect();
}

async function closeAll({ log }: KafkaConfig, clients: readonly Client[]): Promise<void> {
  for (const { status, ...rest } of await Promise.allSettled(clients.map((it) => it.disconnect()))) {
    if (status === "rejected") log.debug({ err: rest }, "A connection to Kafka could not be closed");
  }
}

/** Returns true for a refused password or certificate, and for a bug. */
function isHopeless(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  return (
    /^(TypeError|RangeError|ReferenceError|KafkaJSSASLAuthenticationError)$/.test(error.name) ||
    /certificate/i.test(error.message) ||
    (error.cause instanceof Error && isHopeless(error.cause))
  );
}

/**
 * Returns an error that names the setting to look at, or the error itself. kafkajs only reports "Closed
 * connection" when a broker expects TLS or a password and gets neither.
 */
function explained(error: unknown, { brokers, security }: Where): unknown {
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
