// Runs the three servers as containers, with the images and the ClickHouse files of docker-compose.yml.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from "testcontainers";
import { administrator } from "./clickhouse.ts";
import { dictionaryPasswordFile, passwordsFile } from "./clickhouse-config.ts";
import { clientListener, securitySettings } from "./kafka-security.ts";
import type { KeptServer } from "./keep-running.ts";
import { type Passwords, readPasswords } from "./passwords.ts";
import { ownerUrl, prepareRoles, superuser } from "./postgres-roles.ts";
import { serverStopTimeoutMs, StackError } from "./server.ts";
import type { StackPorts } from "./source.ts";

const composeFile = fileURLToPath(new URL("../../../docker-compose.yml", import.meta.url));
const clickhouseFiles = fileURLToPath(new URL("../../../infra/clickhouse/", import.meta.url));
const startTimeoutMs = 180_000;

/**
 * Starts each server as a container of its own. Data is in volumes named after the data folder, so that a
 * start with the same folder finds it again. However this process ends, the containers are removed and the
 * volumes stay.
 * @throws StackError when no Docker engine answers.
 */
export async function startContainers(options: {
  dataDir: string;
  ports: StackPorts;
  isTemporary: boolean;
}): Promise<[Promise<KeptServer>, Promise<KeptServer>, Promise<KeptServer>]> {
  const { dataDir, ports, isTemporary } = options;
  await getContainerRuntimeClient().catch((error: unknown) => {
    throw new StackError(`Docker does not answer: start it, or leave MOSIS_STACK out. (${String(error)})`);
  });
  const prefix = `mosis-${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}`;
  // A volume without a name is removed with its container.
  const volume: Volume = (name, target) => (isTemporary ? [] : [{ source: `${prefix}-${name}`, target }]);
  const passwords = readPasswords(dataDir);
  const roles = { port: ports.postgres, passwords };
  return [
    run(postgres(ports, volume, passwords), {
      name: "PostgreSQL",
      url: ownerUrl(roles),
      prepare: () => prepareRoles(roles),
    }),
    run(clickhouse(ports, volume, passwords), {
      name: "ClickHouse",
      url: `http://${administrator}:${passwords[administrator]}@127.0.0.1:${ports.clickhouseHttp}`,
    }),
    run(kafka(ports, volume, passwords), { name: "Kafka", url: `127.0.0.1:${ports.kafka}` }),
  ];
}

type Volume = (name: string, target: string) => { source: string; target: string }[];

function postgres(ports: StackPorts, volume: Volume, passwords: Passwords): GenericContainer {
  return new GenericContainer(imageOf("postgres"))
    .withEnvironment({ POSTGRES_USER: superuser, POSTGRES_PASSWORD: passwords[superuser] })
    .withCommand([
      "postgres",
      "-c",
      "wal_level=logical",
      "-c",
      "max_connections=200",
      "-c",
      "timezone=UTC",
      "-c",
      "log_parameter_max_length=0",
    ])
    .withExposedPorts({ container: 5432, host: ports.postgres })
    .withBindMounts(volume("postgres", "/var/lib/postgresql"))
    .withWaitStrategy(Wait.forSuccessfulCommand(`pg_isready --host=127.0.0.1 --username=${superuser}`));
}

function clickhouse(ports: StackPorts, volume: Volume, passwords: Passwords): GenericContainer {
  const ours = ["config.d", "users.d"].map((folder) => ({
    source: `${clickhouseFiles}${folder}/mosis.xml`,
    target: `/etc/clickhouse-server/${folder}/mosis.xml`,
    mode: "ro" as const,
  }));
  return new GenericContainer(imageOf("clickhouse"))
    .withExposedPorts(
      { container: 8123, host: ports.clickhouseHttp },
      { container: 9000, host: ports.clickhouseTcp },
    )
    .withCopyContentToContainer([
      { content: passwordsFile(passwords), target: "/etc/clickhouse-server/users.d/passwords.xml" },
      {
        content: dictionaryPasswordFile(passwords),
        target: "/etc/clickhouse-server/config.d/passwords.xml",
      },
    ])
    .withBindMounts([...ours, ...volume("clickhouse", "/var/lib/clickhouse")])
    .withUlimits({ nofile: { soft: 262_144, hard: 262_144 } })
    .withWaitStrategy(Wait.forHttp("/ping", 8123));
}

function kafka(ports: StackPorts, volume: Volume, passwords: Passwords): GenericContainer {
  return new GenericContainer(imageOf("kafka"))
    .withEnvironment({
      KAFKA_NODE_ID: "1",
      KAFKA_PROCESS_ROLES: "broker,controller",
      KAFKA_LISTENERS: `${clientListener}://:9092,CONTROLLER://:9093`,
      KAFKA_ADVERTISED_LISTENERS: `${clientListener}://127.0.0.1:${ports.kafka}`,
      ...asVariables(securitySettings(passwords)),
      KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
      KAFKA_CONTROLLER_QUORUM_VOTERS: "1@127.0.0.1:9093",
      KAFKA_LOG_DIRS: "/var/lib/kafka/data",
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
      KAFKA_MESSAGE_MAX_BYTES: "1572864",
      KAFKA_REPLICA_FETCH_MAX_BYTES: "1572864",
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
    })
    .withExposedPorts({ container: 9092, host: ports.kafka })
    .withBindMounts(volume("kafka", "/var/lib/kafka/data"))
    .withWaitStrategy(Wait.forLogMessage("Kafka Server started"));
}

/** Returns the settings of the broker in the form that the image takes. */
function asVariables(settings: Record<string, string>): Record<string, string> {
  const named = Object.entries(settings).map(([name, value]) => [
    `KAFKA_${name.toUpperCase().replaceAll(".", "_")}`,
    value,
  ]);
  return Object.fromEntries(named) as Record<string, string>;
}

async function run(
  container: GenericContainer,
  { name, url, prepare }: { name: string; url: string; prepare?: () => Promise<boolean> },
): Promise<KeptServer> {
  const started: StartedTestContainer = await container.withStartupTimeout(startTimeoutMs).start();
  if (prepare && !(await prepare())) throw new StackError(`${name} does not answer in its container.`);
  return {
    name,
    url,
    pid: () => null,
    lost: new Promise(() => {}),
    // Anonymous volumes are removed with the container; ours have names and stay.
    stop: async () => void (await started.stop({ timeout: serverStopTimeoutMs })),
  };
}

/** Returns the image of a service of docker-compose.yml, so that its version is written in one place. */
function imageOf(service: string): string {
  const image = new RegExp(`^  ${service}:\\n    image: (\\S+)`, "m").exec(
    readFileSync(composeFile, "utf8"),
  )?.[1];
  if (image === undefined) throw new Error(`docker-compose.yml names no image for ${service}`);
  return image;
}
