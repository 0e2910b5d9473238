// `naive` sends the same bodies through the platform and through what most people would write, on the same
// servers, one after the other.
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka } from "kafkajs";
import { UserError } from "../infra/local/endpoints.ts";
import type { Environment } from "../infra/local/process-environment.ts";
import { type Cost, measureCost } from "./cost.ts";
import { pathOf } from "./ingest.ts";
import { kafkaOptions, naiveTable, naiveTopic } from "./naive/contract.ts";
import type { Platform } from "./platform.ts";
import type { Outcome } from "./report.ts";
import { countOf, findLosses, openTraffic, type Traffic } from "./traffic.ts";

export interface NaiveOptions {
  seconds: number;
  eventsPerRequest: number;
  connections: number;
}

/** The same number as `telemetry.events` has. */
const partitions = 8;
const drainTimeoutMs = 600_000;
const startTimeoutMs = 60_000;

export async function benchNaive(platform: Platform, options: NaiveOptions): Promise<Outcome> {
  const traffic = await openTraffic(platform.endpoints);
  console.log("The platform:");
  const ours = await measureCost(pathOf(platform, traffic), { ...options, drainTimeoutMs });
  const broken = await findLosses(traffic, { events: ours.acknowledgedEvents });
  console.log("The naive variant:");
  const naive = await measureNaive(platform, traffic, options);
  await traffic.close();
  return {
    figures: {
      times_less_cpu_than_naive: naive.allCpuUs / ours.allCpuUs,
      ours_cpu_us_per_event: ours.allCpuUs,
      naive_cpu_us_per_event: naive.allCpuUs,
      ours: ours.figures,
      naive: naive.figures,
    },
    broken,
  };
}

/**
 * Counts only the two servers that the naive path uses, so the idle processes of the platform do not count.
 */
async function measureNaive(
  { endpoints, processes, dataDir }: Platform,
  { store, keys, appIds }: Traffic,
  options: NaiveOptions,
): Promise<Cost> {
  const kafka = endpoints.kafkaVariables;
  await createTopic(kafka);
  await store.command(`DROP TABLE IF EXISTS ${naiveTable}`);
  await store.command(readFileSync(join(import.meta.dirname, "naive/events.sql"), "utf8"));
  const apps = Object.fromEntries(keys.map((key, index) => [key, appIds[index]]));
  const clickhouse = new URL(endpoints.clickhouse);
  if (clickhouse.pathname === "/") clickhouse.pathname = `/${store.database}`;
  const consumer = start("consumer", { kafka, clickhouse: clickhouse.href });
  const server = start("server", { kafka, keys: apps });
  try {
    await consumer.ready;
    const { address } = (await server.ready) as { address: AddressInfo };
    const { kafka: kafkaPid = 0, clickhouse: clickhousePid = 0 } = processes;
    if (kafkaPid === 0 || clickhousePid === 0)
      throw new UserError("Kafka and ClickHouse must run on this machine.");
    const path = {
      endpoint: `http://127.0.0.1:${address.port}`,
      keys,
      store,
      stored: () => countOf(store, `SELECT toFloat64(count()) AS number FROM ${naiveTable}`, {}),
      processes: { server: server.pid, consumer: consumer.pid, kafka: kafkaPid, clickhouse: clickhousePid },
      topic: naiveTopic,
      dataDir,
    };
    return await measureCost(path, { ...options, drainTimeoutMs });
  } finally {
    await Promise.all([server.stop(), consumer.stop()]);
    await store.command(`DROP TABLE IF EXISTS ${naiveTable}`);
  }
}

async function createTopic(kafka: Environment): Promise<void> {
  const admin = new Kafka(kafkaOptions(kafka)).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: naiveTopic, numPartitions: partitions }] });
  await admin.disconnect();
}

interface Program {
  pid: number;
  /** The first message it sends. */
  ready: Promise<object>;
  stop(): Promise<void>;
}

function start(name: "server" | "consumer", options: object): Program {
  const child = fork(join(import.meta.dirname, `naive/${name}.ts`), [JSON.stringify(options)], {
    // kafkajs computes a delay from a time that it does not have yet: once per process, and harmless.
    execArgv: ["--disable-warning=TimeoutNegativeWarning"],
  });
  return { pid: child.pid ?? 0, ready: firstMessage(name, child), stop: () => end(child) };
}

function firstMessage(name: string, child: ChildProcess): Promise<object> {
  return Promise.race([
    new Promise<object>((resolve, reject) => {
      child.once("message", (message: object) => resolve(message));
      child.once("exit", (code) => reject(new UserError(`The naive ${name} ended with code ${code}.`)));
    }),
    sleep(startTimeoutMs, undefined, { ref: false }).then(() => {
      throw new UserError(`The naive ${name} did not start.`);
    }),
  ]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}
