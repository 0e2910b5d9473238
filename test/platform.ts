// Starts the whole platform as child processes over the run's real servers, with a database, topics and ports
// of its own.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { type Catalog, createCatalog } from "@mosis/client";
import { freePorts, freshDatabase, kafkaAdministrator, type Server } from "@mosis/devstack";
import { generateSigningKey, textsOf } from "@mosis/kafka";
import { untilKeysWork } from "../infra/local/demo/account.ts";
import type { Endpoints } from "../infra/local/endpoints.ts";
import { givenKafkaVariables } from "../infra/local/kafka-variables.ts";
import type { Environment } from "../infra/local/process-environment.ts";
import {
  runJobs,
  type ServiceName,
  serviceNames,
  startService,
  type StoreAddresses,
  storeVariables,
} from "../infra/local/services.ts";

export interface TestPlatform {
  /** The addresses that `endpoints.json` of a platform contains. */
  urls: Endpoints;
  dataDir: string;
  /** Reads rows as an analyst would. */
  sql<T>(text: string): Promise<T[]>;
  /** Returns the URL where a process answers. */
  processUrl(name: ServiceName): string;
  /** Returns the names of the metrics of a process. */
  metrics(name: ServiceName): Promise<string[]>;
  /** Returns the answer of a process at `/metrics`. */
  metricsText(name: ServiceName): Promise<string>;
  /** Ends a process with kill -9. */
  kill(name: ServiceName): Promise<void>;
  /** Sends SIGTERM and waits for the end. @returns the signal or exit code with which it has ended. */
  end(name: ServiceName): Promise<string>;
  /** Starts a service that was killed, on its old port, and waits until it is ready. */
  start(name: ServiceName): Promise<void>;
}

/**
 * Starts a platform, which is removed after the test.
 * @param changes of the environment of all processes; `KAFKA_BROKERS` may lead by a detour to the run's.
 */
export async function startPlatform(t: TestContext, changes: Environment = {}): Promise<TestPlatform> {
  const dataDir = await mkdtemp(join(tmpdir(), "mosis-platform-"));
  const { stores, drop } = await freshStores(changes);
  const env = {
    ...process.env,
    KAFKA_TOPIC_PREFIX: `p-${randomBytes(6).toString("hex")}-`,
    // Tests wait for rows; ten times a second is often enough.
    WRITER_FETCH_WAIT_MS: "100",
    INGEST_USAGE_INTERVAL_MS: "100",
    MOSIS_SELF_TELEMETRY: "off",
    ...textsOf(generateSigningKey("test")),
    WEBHOOK_SECRET_KEYS: randomBytes(32).toString("base64"),
    TOTP_SECRET_KEYS: randomBytes(32).toString("base64"),
    MAIL_URL: pathToFileURL(join(dataDir, "mails")).href,
    ...changes,
  };
  const logsDir = join(dataDir, "logs");
  await runJobs(stores, env, logsDir);
  const running = new Map<ServiceName, Server>();
  t.after(async () => {
    await Promise.all([...running.values()].map((server) => server.stop()));
    await drop();
    await rm(dataDir, { recursive: true });
  });
  const free = await freePorts(serviceNames.length);
  const ports = new Map(serviceNames.map((name, index) => [name, free[index] as number]));
  const start = async (name: ServiceName) => {
    const environment: Environment = { ...env, ...storeVariables(name, stores) };
    running.set(
      name,
      await startService(name, { port: ports.get(name) as number, env: environment, logsDir }),
    );
  };
  await Promise.all(serviceNames.map(start));
  const metricsText = async (name: ServiceName) => (await fetch(`${urlOf(ports.get(name))}/metrics`)).text();
  return {
    urls: {
      catalog: urlOf(ports.get("catalog")),
      ingest: urlOf(ports.get("ingest")),
      query: urlOf(ports.get("query")),
      postgres: stores.postgres.owner,
      clickhouse: stores.clickhouse.query,
      kafka: required("KAFKA_BROKERS"),
      kafkaVariables: stores.kafka(kafkaAdministrator),
      analyst: null,
    },
    dataDir,
    sql: (text) => readRows(stores.clickhouse.query, text),
    processUrl: (name) => urlOf(ports.get(name)),
    async metrics(name) {
      const text = await metricsText(name);
      return [...text.matchAll(/^# HELP (\w+)/gm)].map(([, metric = ""]) => metric);
    },
    metricsText,
    start,
    kill: async (name) => running.get(name)?.kill(),
    async end(name) {
      const server = running.get(name);
      assert.ok(server, `${name} runs`);
      process.kill(server.pid, "SIGTERM");
      return server.exited;
    },
  };
}

/** Registers and signs in a developer, with one app and a key that ingest knows. */
export async function registerApp({ urls }: Pick<TestPlatform, "urls">) {
  const id = randomBytes(6).toString("hex");
  const password = `password of ${id}`;
  const email = `${id}@example.org`;
  const visitor = createCatalog({ endpoint: urls.catalog });
  const developer = await visitor.createDeveloper({ email, name: "Ada", password });
  const catalog: Catalog = visitor.as((await visitor.signIn({ email, password })).token);
  const packageId = `org.test${id}.chess`;
  const app = await catalog.createApp({ package_id: packageId, name: "Chess" });
  const key = await catalog.createKey({ name: "app", kind: "ingest", package_ids: [packageId] });
  await untilKeysWork(urls.ingest, [key.secret]);
  return {
    catalog,
    password,
    developerId: developer.id,
    appId: app.id,
    packageId,
    ingestKey: key.secret,
    ingestKeyId: key.id,
  };
}

/**
 * Reads again and again until the value is the expected one; fails with the difference after the deadline.
 */
export async function untilEqual<T>(
  read: () => Promise<T>,
  expected: T,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (isDeepStrictEqual(value, expected)) return;
    if (performance.now() > giveUpAt) assert.deepEqual(value, expected);
    await sleep(50);
  }
}

async function freshStores(
  changes: Environment,
): Promise<{ stores: StoreAddresses; drop: () => Promise<void> }> {
  const server = required("CLICKHOUSE_URL");
  const { KAFKA_BROKERS: brokers } = changes;
  const kafka = () => ({
    ...givenKafkaVariables(process.env),
    ...(brokers === undefined ? {} : { KAFKA_BROKERS: brokers }),
  });
  const database = await freshDatabase(required("DATABASE_URL"));
  const name = `p_${randomBytes(6).toString("hex")}`;
  const url = new URL(`/${name}`, server).href;
  const passwords = { mosis_api: "mosis_api", mosis_relay: "mosis_relay", mosis_webhooks: "mosis_webhooks" };
  return {
    stores: {
      postgres: { owner: database.url, passwords },
      kafka,
      clickhouse: { migrate: url, writer: url, query: url },
    },
    async drop() {
      await database.drop();
      await command(server, `drop database if exists ${name}`);
    },
  };
}

async function readRows<T>(url: string, text: string): Promise<T[]> {
  const answer = await command(url, `${text} format JSONEachRow`);
  const lines = answer.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as T);
}

async function command(server: string, text: string): Promise<string> {
  const { origin, username, password, pathname } = new URL(server);
  const answer = await fetch(`${origin}/?database=${pathname.slice(1) || "default"}`, {
    method: "POST",
    headers: { "x-clickhouse-user": username, "x-clickhouse-key": password },
    body: text,
  });
  const body = await answer.text();
  assert.ok(answer.ok, `${text}\n${body}`);
  return body;
}

function urlOf(port: number | undefined): string {
  return `http://127.0.0.1:${port}`;
}

function required(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} names the server to test with`);
  return value;
}
