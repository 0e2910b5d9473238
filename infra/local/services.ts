// Runs the six processes and the two jobs of the platform as child processes of this one.
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  kafkaAdministrator,
  type KafkaUser,
  keepRotating,
  rotateLog,
  type Server,
  StackError,
} from "@mosis/devstack";
import { type ProcessRole, processRoles, roleUrl } from "../../services/catalog/src/access/process-roles.ts";
import * as catalog from "../../services/catalog/src/variables.ts";
import * as telemetry from "../../services/telemetry/src/variables.ts";
import { type Environment, environmentOf, proxyVariables } from "./process-environment.ts";

/** Every process: its start file, the variable of its port, and all the variables that it gets. */
export const services = {
  catalog: {
    main: "services/catalog/src/main/api.ts",
    portVariable: "CATALOG_PORT",
    variables: catalog.apiVariables,
  },
  ingest: {
    main: "services/telemetry/src/main/ingest.ts",
    portVariable: "INGEST_PORT",
    variables: telemetry.ingestVariables,
  },
  query: {
    main: "services/telemetry/src/main/query.ts",
    portVariable: "QUERY_PORT",
    variables: telemetry.queryVariables,
  },
  relay: {
    main: "services/catalog/src/main/relay.ts",
    portVariable: "RELAY_PORT",
    variables: catalog.relayVariables,
  },
  webhooks: {
    main: "services/catalog/src/main/webhooks.ts",
    portVariable: "WEBHOOKS_PORT",
    variables: catalog.webhooksVariables,
  },
  writer: {
    main: "services/telemetry/src/main/writer.ts",
    portVariable: "WRITER_PORT",
    variables: telemetry.writerVariables,
  },
} as const;
export type ServiceName = keyof typeof services;
export const serviceNames = Object.keys(services) as ServiceName[];

export const jobs = {
  "catalog-migrate": { main: "services/catalog/src/main/migrate.ts", variables: catalog.migrateVariables },
  "telemetry-migrate": {
    main: "services/telemetry/src/main/migrate.ts",
    variables: telemetry.migrateVariables,
  },
} as const;
const root = join(import.meta.dirname, "../..");
/** A process that hangs while it starts is tried again, so that it is back within a minute. */
const readyTimeoutMs = 40_000;
/**
 * The time to stop, longer than a process's own drain. Then it is killed, so that the servers still end in
 * time.
 */
const stopTimeoutMs = 6000;

/** The addresses and logins of the stores that the services use. */
export interface StoreAddresses {
  /**
   * The URL for the owner of the catalog's database, and the passwords of the role of each process, which
   * owns nothing.
   */
  postgres: { owner: string; passwords: RolePasswords };
  /** The variables with which each user connects to Kafka. */
  kafka: (user: KafkaUser) => Environment;
  /** URLs with the database and user of each process that connects to ClickHouse. */
  clickhouse: { migrate: string; writer: string; query: string };
}

/** The passwords of the processes' roles in PostgreSQL, which the migration job gives them. */
export type RolePasswords = Readonly<Record<ProcessRole, string>>;

/** Returns the variables with which a service connects to its stores. */
export function storeVariables(name: ServiceName, stores: StoreAddresses): Environment {
  const [role, kafkaUser] = [roleOf[name], kafkaUserOf[name]];
  const { owner, passwords } = stores.postgres;
  return {
    ...(role && { DATABASE_URL: roleUrl(owner, role, passwords[role]) }),
    ...(kafkaUser && stores.kafka(kafkaUser)),
    CLICKHOUSE_URL: name === "writer" ? stores.clickhouse.writer : stores.clickhouse.query,
  };
}

const roleOf: Readonly<Record<ServiceName, ProcessRole | null>> = {
  catalog: processRoles.api,
  ingest: null,
  query: null,
  relay: processRoles.relay,
  webhooks: processRoles.webhooks,
  writer: null,
};

/** The Kafka user of each service; infra/kafka/acls.json lists its rights. */
const kafkaUserOf: Readonly<Record<ServiceName, KafkaUser | null>> = {
  catalog: null,
  ingest: "telemetry-ingest",
  query: "telemetry-query",
  relay: "catalog-relay",
  webhooks: null,
  writer: "telemetry-writer",
};

/** Migrates both databases and creates the topics. @throws StackError with the end of the log. */
export async function runJobs(stores: StoreAddresses, env: Environment, logsDir: string): Promise<void> {
  const variables = {
    DATABASE_URL: stores.postgres.owner,
    CATALOG_API_PASSWORD: stores.postgres.passwords.mosis_api,
    CATALOG_RELAY_PASSWORD: stores.postgres.passwords.mosis_relay,
    CATALOG_WEBHOOKS_PASSWORD: stores.postgres.passwords.mosis_webhooks,
    ...stores.kafka(kafkaAdministrator),
    CLICKHOUSE_URL: stores.clickhouse.migrate,
  };
  await Promise.all(
    Object.entries(jobs).map(async ([name, job]) => {
      const logFile = join(logsDir, `${name}.log`);
      const { exited } = startProcess(
        job.main,
        environmentOf(job.variables, { ...env, ...variables }),
        logFile,
      );
      const how = await exited;
      if (how !== "0") throw new StackError(`${job.main} failed (${how}).\n${tail(logFile)}`);
    }),
  );
}

/**
 * Starts a service and waits until its `/readyz` answers that it is ready.
 * @throws StackError when it ends early or is not ready in time, with the end of its log.
 */
export async function startService(
  name: ServiceName,
  { port, env, logsDir }: { port: number; env: Environment; logsDir: string },
): Promise<Server> {
  const { main, portVariable, variables } = services[name];
  const { url, managementUrl } = urlsOf(name, port, env);
  const logFile = join(logsDir, `${name}.log`);
  // Only the catalog calls servers of others by HTTP: identity providers. Webhooks do not use a proxy,
  // because it would look up the receivers' names again.
  const more = name === "catalog" ? proxyVariables : [];
  const environment = environmentOf(variables, { ...env, [portVariable]: String(port) }, more);
  const { child, exited } = startProcess(main, environment, logFile);
  const server: Server = {
    name,
    url,
    pid: child.pid ?? 0,
    exited,
    async stop() {
      child.kill("SIGTERM");
      const killing = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
      await exited;
      clearTimeout(killing);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
  await untilReady(server, managementUrl, logFile);
  return server;
}

/**
 * Returns the URLs where this machine reaches a service, and its health and metrics, which may have a port of
 * their own.
 */
export function urlsOf(name: ServiceName, port: number, env: Environment) {
  const { portVariable } = services[name];
  const url = urlOf(env[portVariable.replace("_PORT", "_HOST")], port);
  const managementPort = env[portVariable.replace("_PORT", "_MANAGEMENT_PORT")];
  const managementHost = env[portVariable.replace("_PORT", "_MANAGEMENT_HOST")];
  return { url, managementUrl: managementPort ? urlOf(managementHost, Number(managementPort)) : url };
}

/** Returns the URL of a service; one that listens on every address is reached by loopback. */
function urlOf(host: string | undefined, port: number): string {
  const isEvery = host === undefined || host === "" || host === "0.0.0.0" || host === "::";
  const address = isEvery ? "127.0.0.1" : host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

async function untilReady(server: Server, managementUrl: string, logFile: string): Promise<void> {
  const { name, exited } = server;
  let over: string | undefined;
  void exited.then((how) => {
    over = how;
  });
  const giveUpAt = performance.now() + readyTimeoutMs;
  while (!(await isReady(managementUrl))) {
    if (over !== undefined) {
      throw new StackError(`${name} ended (${over}) before it was ready.\n${tail(logFile)}`);
    }
    if (performance.now() > giveUpAt) {
      await server.kill();
      throw new StackError(`${name} was not ready after ${readyTimeoutMs / 1000} s.\n${tail(logFile)}`);
    }
    await delay(50);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    // The service is not listening yet.
    return false;
  }
}

interface Started {
  child: ChildProcess;
  /** Resolves with the signal or exit code. */
  exited: Promise<string>;
}

/**
 * Most objects of the api are short-lived, up to 200 MB a second. V8 searches the whole heap, on both cores,
 * when the space left below its limit is smaller than the space for young objects. That limit is twice what
 * is alive, so V8 began again every second or two, and requests waited for 20 to 50 ms. At five times it does
 * not.
 *
 * Ingest makes few objects and many buffers, which are freed when young objects are collected. With more
 * space for these, buffers piled up until the whole heap was searched, nine times a second: 1.1 µs an event.
 */
const flagsOf: Readonly<Record<string, string[]>> = {
  [services.catalog.main]: ["--heap-growing-percent=400"],
  [services.ingest.main]: ["--max-semi-space-size=2"],
};

function startProcess(main: string, env: Environment, logFile: string): Started {
  const log = openLog(logFile);
  const child = fork(join(root, main), {
    cwd: root,
    env,
    execArgv: [...process.execArgv, ...(flagsOf[main] ?? [])],
    // The process has a group of its own: a Ctrl-C reaches only the launcher, which ends the processes in
    // order.
    detached: true,
    // It ends by itself when the channel closes, which happens when this process ends.
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
    child.once("error", (error) => resolve(error.message));
  });
  return { child, exited };
}

/**
 * Opens a log for appending. A log that has grown large is rotated, also while it is written; one old copy is
 * kept.
 */
function openLog(logFile: string): number {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  rotateLog(logFile);
  if (!rotated.has(logFile)) keepRotating(logFile);
  rotated.add(logFile);
  return openSync(logFile, "a", 0o600);
}

/** Logs that are rotated: a service that is started again has the same one. */
const rotated = new Set<string>();

function tail(logFile: string): string {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-8);
  return [...lines, `The whole log: ${logFile}`].join("\n");
}
