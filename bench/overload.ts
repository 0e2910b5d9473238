// `overload` offers three times what the platform can take, by the clock. Memory must stay bounded, the rest
// must be refused, and every acknowledged event must be stored.
import { readProcesses } from "../infra/local/temporary-platform.ts";
import { preparedRequests } from "./cost.ts";
import type { FloodReport } from "./flood.ts";
import { flood, load } from "./generator.ts";
import { watchMemory } from "./memory.ts";
import type { Platform } from "./platform.ts";
import type { Figures, Outcome } from "./report.ts";
import { findLosses, openTraffic, untilQuiet } from "./traffic.ts";

export interface OverloadOptions {
  seconds: number;
  eventsPerRequest: number;
  /** Connections of the closed loop that finds the capacity. */
  connections: number;
}

const capacitySeconds = 12;
const times = 3;
const floodConnections = 3000;
const drainTimeoutMs = 300_000;
/** Statuses that ask a client to come back. */
const refusals = new Set(["429", "503"]);

export async function benchOverload(platform: Platform, options: OverloadOptions): Promise<Outcome> {
  const { seconds, eventsPerRequest, connections } = options;
  const traffic = await openTraffic(platform.endpoints);
  const { endpoint, keys } = traffic;
  const order = { endpoint, keys, eventsPerRequest };

  console.log(`Finding the capacity for ${capacitySeconds} s …`);
  const prepared = preparedRequests(options);
  const closed = { ...order, connections, prepared, seconds: capacitySeconds, seed: 4 };
  const capacity = await load({ ...closed, keepBatchIds: true });
  await untilQuiet(traffic, capacity.acknowledgedEvents, drainTimeoutMs);
  const requestsPerSecond = (times * capacity.acknowledgedRequests) / capacity.seconds;

  console.log(`Offering ${Math.round(requestsPerSecond)} requests/s for ${seconds} s …`);
  const memory = watchMemory(platform.processes, 250);
  const report = await flood({
    ...order,
    connections: floodConnections,
    requestsPerSecond,
    seconds,
    seed: 5,
  });
  const events = capacity.acknowledgedEvents + report.acknowledgedEvents;
  const drainedAfterMs = await untilQuiet(traffic, events, drainTimeoutMs);
  const rss = memory.stop();
  const broken = [
    ...(await findLosses(traffic, { events, batchIds: [...capacity.batchIds, ...report.batchIds] })),
    ...brokenAnswers(report),
    ...(await endedProcesses(platform)),
  ];
  await traffic.close();
  return {
    figures: {
      ingest_rss_mb_max: rss["ingest"] ?? 0,
      writer_rss_mb_max: rss["writer"] ?? 0,
      capacity_events_per_second: capacity.acknowledgedEvents / capacity.seconds,
      ...floodFigures(report, eventsPerRequest),
      stored_and_merged_after_ms: drainedAfterMs,
      rss_mb_max: rss,
    },
    broken,
  };
}

function floodFigures(report: FloodReport, eventsPerRequest: number): Figures {
  const { seconds } = report;
  return {
    due_events_per_second: (report.dueRequests * eventsPerRequest) / seconds,
    offered_events_per_second: (report.sentRequests * eventsPerRequest) / seconds,
    acknowledged_events_per_second: report.acknowledgedEvents / seconds,
    acknowledged_events: report.acknowledgedEvents,
    answers: report.answers,
    requests_not_offered: report.notOfferedRequests,
    requests_not_connected: report.notConnected,
    connections_cut_off: report.cutOff,
    ack_ms_p50: report.ackMs.p50,
    ack_ms_p99: report.ackMs.p99,
    refusal_ms_p50: report.refusalMs.p50,
    refusal_ms_p99: report.refusalMs.p99,
    load_generator_cpu_seconds: report.cpuSeconds,
    seconds,
  };
}

function brokenAnswers({ answers, refusalsWithoutRetryAfter }: FloodReport): string[] {
  const others = Object.entries(answers).filter(([status]) => status !== "202" && !refusals.has(status));
  const broken = others.map(([status, count]) => `${count} answers with status ${status}.`);
  if (refusalsWithoutRetryAfter > 0)
    broken.push(`${refusalsWithoutRetryAfter} refusals without Retry-After.`);
  return broken;
}

/** Finds processes that have another id now: a process must not keep its memory bounded by restarting. */
async function endedProcesses({ dataDir, processes }: Platform): Promise<string[]> {
  const now = readProcesses(dataDir);
  const ended = Object.keys(processes).filter((name) => now[name] !== processes[name]);
  return ended.map((name) => `The process ${name} ended under the load.`);
}
