// Starts the platform on this machine: three servers, six processes, and itself as the first app.
import { join } from "node:path";
import {
  kafkaAdministrator,
  keepRunning,
  type KeptServer,
  readPasswords,
  requireFreePorts,
  type Stack,
  startStack,
  type StoreUser,
} from "@mosis/devstack";
import { removeEndpoints, writeEndpoints, writeProcesses } from "./data-folder.ts";
import type { Endpoints } from "./endpoints.ts";
import { kafkaVariablesFor } from "./kafka-variables.ts";
import { recordKeyVariables } from "./record-key.ts";
import { knownIngestKey, registerPlatformApp } from "./self-telemetry.ts";
import type { Environment } from "./process-environment.ts";
import {
  runJobs,
  type ServiceName,
  serviceNames,
  services,
  startService,
  type StoreAddresses,
  storeVariables,
  urlsOf,
} from "./services.ts";
import type { Settings } from "./settings.ts";
import { secretVariables } from "./secret-keys.ts";

export interface Platform {
  endpoints: Endpoints;
  /** The addresses where the relay, webhooks and the writer answer `/readyz` and `/metrics`. */
  others: Record<"relay" | "webhooks" | "writer", string>;
  /** Rejects when a process does not come back. */
  lost: Promise<never>;
  stop(): Promise<void>;
}

export interface PlatformOptions {
  settings: Settings;
  env: Environment;
  say: (text: string) => void;
}

/**
 * Starts everything and waits until every `/readyz` is green. A process that ends unexpectedly is started
 * again.
 * @throws StackError one line that says what a person has to change. What was started by then is stopped.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { settings, say } = options;
  const { dataDir, ports, source, cacheDir } = settings;
  await requireFreePorts(
    Object.fromEntries(serviceNames.map((name) => [services[name].portVariable, ports[name]])),
  );
  const running: Running = { stack: null, services: new Map() };
  const onProgress = (text: string) => {
    say(text);
    if (running.services.size === serviceNames.length) tellProcesses(dataDir, running);
  };
  try {
    const stack = await startStack({ source, dataDir, cacheDir, onProgress });
    running.stack = stack;
    const stores = storeAddresses(stack, settings, options.env);
    // A process gets only the variables that it declares, see startService.
    const env = {
      // Pages of this machine may use passkeys: browsers treat `localhost` as a secure context.
      PASSKEY_ORIGINS: `http://localhost:${ports.catalog}`,
      ...options.env,
      ...secretVariables(options.env, dataDir),
      ...recordKeyVariables(options.env, dataDir),
    };
    await runJobs(stores, env, join(dataDir, "logs"));
    onProgress("Both databases are migrated, the topics are there");
    await startServices(running, { settings, env, stores, onProgress });
    const endpoints = endpointsOf(settings, env, { ...stack, stores });
    writeEndpoints(dataDir, endpoints);
    tellProcesses(dataDir, running);
    const kept = [...stack.servers, ...running.services.values()];
    return {
      endpoints,
      others: {
        relay: urlsOf("relay", ports.relay, env).url,
        webhooks: urlsOf("webhooks", ports.webhooks, env).url,
        writer: urlsOf("writer", ports.writer, env).url,
      },
      lost: Promise.race(kept.map(async ({ lost }) => Promise.reject(await lost))),
      stop: () => stopAll(dataDir, running),
    };
  } catch (error) {
    await stopAll(dataDir, running);
    throw error;
  }
}

interface Running {
  stack: Stack | null;
  services: Map<ServiceName, KeptServer>;
}

interface ServicesOptions {
  settings: Settings;
  env: Environment;
  stores: StoreAddresses;
  onProgress: (text: string) => void;
}

async function startServices(running: Running, options: ServicesOptions): Promise<void> {
  const { settings } = options;
  const known = settings.selfTelemetry ? await knownIngestKey(settings.dataDir) : null;
  if (known === null && settings.selfTelemetry) {
    // On the first start, the catalog has to run before the platform can have a key of its own.
    await startSome(running, ["catalog"], options, null);
  }
  const key = settings.selfTelemetry && known === null ? await register(options) : known;
  if (running.services.size > 0) await stopServices(running);
  await startSome(running, serviceNames, options, key);
  if (known === null) return;
  // A catalog that was emptied since the last start does not know the key any more.
  const current = await register(options);
  if (current === known) return;
  await stopServices(running);
  await startSome(running, serviceNames, options, current);
}

/**
 * Registers the platform's own app. The platform works without self-telemetry, so a failure is logged and
 * does not stop it.
 */
async function register({ settings, env, stores, onProgress }: ServicesOptions): Promise<string | null> {
  const { ports, dataDir } = settings;
  try {
    const catalogUrl = urlsOf("catalog", ports.catalog, env).url;
    const registered = await registerPlatformApp({ catalogUrl, postgres: stores.postgres.owner, dataDir });
    if (registered) return registered.ingestKey;
    onProgress("Self-telemetry is off: dev.mosis.platform belongs to another account of this catalog");
  } catch (error) {
    onProgress(`Self-telemetry is off: ${String(error)}`);
  }
  return null;
}

async function startSome(
  running: Running,
  names: readonly ServiceName[],
  { settings, env, stores, onProgress }: ServicesOptions,
  ingestKey: string | null,
): Promise<void> {
  const { ports, dataDir, mailUrl } = settings;
  const telemetry =
    ingestKey === null
      ? { MOSIS_SELF_TELEMETRY: "off" }
      : { MOSIS_SELF_TELEMETRY_KEY: ingestKey, MOSIS_INGEST_URL: urlsOf("ingest", ports.ingest, env).url };
  const starts = names.map(async (name) => {
    const environment = { ...env, ...storeVariables(name, stores), ...telemetry, MAIL_URL: mailUrl };
    const start = () =>
      startService(name, { port: ports[name], env: environment, logsDir: join(dataDir, "logs") });
    running.services.set(name, await keepRunning(start, { onProgress }));
  });
  // Waits for all of them, so that none is still starting when another's failure makes us stop.
  const failure = (await Promise.allSettled(starts)).find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

async function stopServices({ services }: Running): Promise<void> {
  await Promise.all([...services.values()].map((service) => service.stop()));
  services.clear();
}

/** Stops the services first: they finish their work while the stores still answer. */
async function stopAll(dataDir: string, running: Running): Promise<void> {
  removeEndpoints(dataDir);
  await stopServices(running);
  await running.stack?.stop();
}

/**
 * Returns the addresses of the stores. Servers of ours have a user for each process; servers of others are
 * used as they were given to us.
 */
function storeAddresses(stack: Stack, settings: Settings, env: Environment): StoreAddresses {
  const { urls, passwords } = stack;
  const as = (user: StoreUser, clickhouse = urls.clickhouse) => {
    const url = new URL(clickhouse);
    if (url.pathname === "/") url.pathname = "/mosis";
    if (passwords !== null) {
      url.username = user;
      url.password = passwords[user];
    }
    return url.href;
  };
  const clickhouse = {
    migrate: as("mosis_admin"),
    writer: as("mosis_writer", stack.clickhouseForWriter),
    query: as("mosis_query"),
  };
  const rolePasswords = { ...readPasswords(settings.dataDir), ...settings.rolePasswords };
  return {
    postgres: { owner: urls.postgres, passwords: rolePasswords },
    kafka: kafkaVariablesFor(stack, env),
    clickhouse,
  };
}

function endpointsOf(
  { ports, source }: Settings,
  env: Environment,
  { urls, passwords, stores }: Stack & { stores: StoreAddresses },
): Endpoints {
  const kafkaVariables = stores.kafka(kafkaAdministrator);
  const addresses = { ...serviceEndpoints(ports, env), ...urls, kafkaVariables };
  if (passwords === null || source.kind === "external") return { ...addresses, analyst: null };
  const analyst = {
    http: `http://127.0.0.1:${source.ports.clickhouseHttp}`,
    native: `127.0.0.1:${source.ports.clickhouseTcp}`,
    user: "mosis_analyst",
    password: passwords.mosis_analyst,
    // This database has the views of which every column may be read.
    database: "mosis_analysts",
  };
  return { ...addresses, analyst };
}

function serviceEndpoints(ports: Settings["ports"], env: Environment) {
  const catalog = urlsOf("catalog", ports.catalog, env);
  const ingest = urlsOf("ingest", ports.ingest, env);
  const query = urlsOf("query", ports.query, env);
  const apart = { catalog: catalog.managementUrl, ingest: ingest.managementUrl, query: query.managementUrl };
  const isApart = [catalog, ingest, query].some(({ url, managementUrl }) => url !== managementUrl);
  const urls = { catalog: catalog.url, ingest: ingest.url, query: query.url };
  return isApart ? { ...urls, management: apart } : urls;
}

function tellProcesses(dataDir: string, { stack, services }: Running): void {
  const pids: Record<string, number> = {};
  for (const server of [...(stack?.servers ?? []), ...services.values()]) {
    const pid = server.pid();
    if (pid !== null) pids[server.name.toLowerCase().replace("postgresql", "postgres")] = pid;
  }
  writeProcesses(dataDir, pids);
}
