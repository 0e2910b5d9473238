import { port, readEnv } from "@mosis/runtime";
import { portNear } from "./ports.ts";
import { StackError } from "./server.ts";

/**
 * The addresses of the three servers: URLs with the credentials of a local administrator; Kafka as
 * `host:port`.
 */
export interface StackUrls {
  postgres: string;
  clickhouse: string;
  kafka: string;
}

/** Ports on 127.0.0.1. */
export interface StackPorts {
  postgres: number;
  clickhouseHttp: number;
  clickhouseTcp: number;
  kafka: number;
  /** The port between Kafka's controller and its broker. */
  kafkaController: number;
}

/** Real servers without Docker, the same servers as containers, or servers that run already. */
export type StackSource =
  | { kind: "embedded" | "docker"; ports: StackPorts }
  | { kind: "external"; urls: StackUrls };

/**
 * Reads which servers to use. `MOSIS_STACK` is `embedded` (default) or `docker`; with all three of
 * `DATABASE_URL`, `CLICKHOUSE_URL` and `KAFKA_BROKERS` nothing is started.
 * @throws StackError when only some of the three are set, or `MOSIS_STACK` is another word.
 */
export function readStackSource(env: Record<string, string | undefined>, ports: StackPorts): StackSource {
  const given = ["DATABASE_URL", "CLICKHOUSE_URL", "KAFKA_BROKERS"].map((name) => ({ name, url: env[name] }));
  const missing = given.filter(({ url }) => !url).map(({ name }) => name);
  if (missing.length === 0) {
    const [postgres, clickhouse, kafka] = given.map(({ url }) => url) as [string, string, string];
    return { kind: "external", urls: { postgres, clickhouse, kafka } };
  }
  if (missing.length < given.length) {
    throw new StackError(
      `DATABASE_URL, CLICKHOUSE_URL and KAFKA_BROKERS go together: set ${missing.join(" and ")}, or none.`,
    );
  }
  const kind = env["MOSIS_STACK"] || "embedded";
  if (kind === "embedded" || kind === "docker") return { kind, ports };
  throw new StackError(`MOSIS_STACK is ${kind}: set it to embedded or docker, or leave it out.`);
}

/**
 * Reads the ports of our own servers from `POSTGRES_PORT`, `CLICKHOUSE_HTTP_PORT`, `CLICKHOUSE_TCP_PORT` and
 * `KAFKA_PORT`. Kafka's controller takes `KAFKA_CONTROLLER_PORT`, by default the port after Kafka's or, when
 * that is taken, another: a second copy must not fail because of a port that nobody has configured.
 * @param taken ports that others of the same copy are about to use.
 * @throws Error that lists every bad variable.
 */
export async function readStackPorts(
  env: Record<string, string | undefined>,
  taken: readonly number[] = [],
): Promise<StackPorts> {
  const values = readEnv(
    {
      POSTGRES_PORT: port({ about: "The port of PostgreSQL.", default: 15_432 }),
      CLICKHOUSE_HTTP_PORT: port({ about: "The port of ClickHouse for HTTP.", default: 18_123 }),
      CLICKHOUSE_TCP_PORT: port({ about: "The port of ClickHouse for its own clients.", default: 19_000 }),
      KAFKA_PORT: port({ about: "The port of Kafka.", default: 19_092 }),
      KAFKA_CONTROLLER_PORT: port({ about: "The port of Kafka's controller.", default: 0 }),
    },
    env,
  );
  const ports = {
    postgres: values.POSTGRES_PORT,
    clickhouseHttp: values.CLICKHOUSE_HTTP_PORT,
    clickhouseTcp: values.CLICKHOUSE_TCP_PORT,
    kafka: values.KAFKA_PORT,
  };
  const kafkaController =
    values.KAFKA_CONTROLLER_PORT || (await portNear(ports.kafka + 1, [...taken, ...Object.values(ports)]));
  return { ...ports, kafkaController };
}
