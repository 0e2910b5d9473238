// `npm run bench -- ingest`: what an event costs from HTTP to its merged row, by process.
import { fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Type from "typebox";
import { type ClickHouse, openClickHouse, select } from "@mosis/clickhouse";
import { createLogger } from "@mosis/runtime";
import { registerDemo, untilKeysWork } from "../infra/local/demo/account.ts";
import { UserError } from "../infra/local/endpoints.ts";
import { cpuSecondsOfTree, residentBytes } from "./cpu.ts";
import type { LoadOrder, LoadReport } from "./load.ts";
import type { Platform } from "./platform.ts";
import type { Figures } from "./report.ts";
import { bytesPerRow, eventLogBytes } from "./bytes.ts";

export interface IngestOptions {
  seconds: number;
  eventsPerRequest: number;
  connections: number;
}

const warmUpSeconds = 5;
const drainTimeoutMs = 120_000;

export async function benchIngest(platform: Platform, options: IngestOptions): Promise<Figures> {
  const { endpoints, dataDir, processes } = platform;
  const log = createLogger({ service: "bench", level: "warn" });
  const store = openClickHouse({ url: endpoints.clickhouse, log, requestTimeoutMs: 300_000 });
  const account = await registerDemo(endpoints, 20);
  await untilKeysWork(endpoints.ingest, account.keys);
  const appIds = account.apps.map((app) => app.id);
  const order = {
    ...options,
    endpoint: endpoints.ingest,
    keys: account.keys,
    prepared: preparedRequests(options),
  };

  console.log(`Warming up for ${warmUpSeconds} s …`);
  const warmUp = await load({ ...order, seconds: warmUpSeconds, seed: 1 });
  await untilQuiet(store, appIds, warmUp.acknowledgedEvents);

  console.log(`Measuring for ${options.seconds} s …`);
  const kafkaBefore = eventLogBytes(dataDir);
  const cpuBefore = cpuOf(processes);
  const report = await load({ ...order, seed: 2 });
  const events = report.acknowledgedEvents;
  if (events === 0) throw new UserError(`Nothing was acknowledged: ${JSON.stringify(report)}`);
  const drainedAfterMs = await untilQuiet(store, appIds, warmUp.acknowledgedEvents + events);
  const cpu = difference(cpuOf(processes), cpuBefore, events);
  const memory = Object.fromEntries(
    Object.entries(processes).map(([name, pid]) => [name, Math.round(residentBytes(pid) / 2 ** 20)]),
  );
  const kafkaBytes = eventLogBytes(dataDir) - kafkaBefore;
  const disk = await bytesPerRow(store);
  await store.close();

  const { p50, p99, max } = report.latencyMs;
  return {
    events_per_request: options.eventsPerRequest,
    connections: options.connections,
    seconds: report.seconds,
    acknowledged_events: events,
    events_per_second: events / report.seconds,
    requests_per_second: report.acknowledgedRequests / report.seconds,
    other_answers: report.otherAnswers,
    connections_cut_off: report.cutOff,
    ack_ms_p50: p50,
    ack_ms_p99: p99,
    ack_ms_max: max,
    stored_and_merged_after_ms: drainedAfterMs,
    cpu_us_per_event: { ...cpu, all: Object.values(cpu).reduce((sum, value) => sum + value, 0) },
    load_generator_cpu_us_per_event: (report.cpuSeconds * 1e6) / events,
    rss_mib: memory,
    body_bytes_per_event: report.bytesSent / (report.acknowledgedRequests * options.eventsPerRequest),
    kafka_bytes_per_event: kafkaBytes / events,
    disk_bytes_per_event: disk,
  };
}

/** About 100 MB of bodies at most, so that one is used again only after many others. */
function preparedRequests({ eventsPerRequest, connections }: IngestOptions): number {
  return Math.max(connections, Math.min(20_000, Math.floor(400_000 / eventsPerRequest)));
}

function load(order: LoadOrder): Promise<LoadReport> {
  const child = fork(join(import.meta.dirname, "load.ts"));
  return new Promise((resolve, reject) => {
    child.once("message", (report) => resolve(report as LoadReport));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The load generator ended with code ${code}.`)));
    child.send(order);
  });
}

/**
 * Waits until SQL counts every acknowledged event and no merge runs.
 * @returns milliseconds until then.
 */
async function untilQuiet(store: ClickHouse, apps: readonly string[], events: number): Promise<number> {
  const startedAt = performance.now();
  let quietTurns = 0;
  while (quietTurns < 3) {
    const [row] = await select(
      store,
      Type.Object({ stored: Type.Number(), merges: Type.Number() }),
      `SELECT toUInt32(sum(accepted)) AS stored, toUInt32((SELECT count() FROM system.merges)) AS merges
       FROM ingest_batches WHERE app_id IN {apps:Array(UUID)}`,
      { apps },
    );
    quietTurns = row?.stored === events && row.merges === 0 ? quietTurns + 1 : 0;
    if (performance.now() - startedAt > drainTimeoutMs) {
      throw new UserError(
        `${events} events acknowledged, ${row?.stored} stored, ${row?.merges} merges running.`,
      );
    }
    await sleep(500);
  }
  return performance.now() - startedAt;
}

function cpuOf(processes: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, cpuSecondsOfTree(pid)]));
}

function difference(
  after: Record<string, number>,
  before: Record<string, number>,
  events: number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, seconds]) => [name, ((seconds - (before[name] ?? 0)) * 1e6) / events]),
  );
}
