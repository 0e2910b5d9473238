// Measures what an event costs on its way from HTTP to its merged row, by process.
import { UserError } from "../infra/local/endpoints.ts";
import { cpuSecondsOfTree, residentBytes } from "./cpu.ts";
import { logBytes } from "./disk.ts";
import { load } from "./generator.ts";
import type { LoadOrder, LoadReport } from "./load.ts";
import type { Figures } from "./report.ts";
import { type Traffic, untilQuiet } from "./traffic.ts";

/** Something that takes events over HTTP and stores them. */
export interface Path extends Pick<Traffic, "endpoint" | "keys" | "store" | "stored"> {
  /** The processes that are counted: ids by name. */
  processes: Record<string, number>;
  /** The Kafka topic between HTTP and the store. */
  topic: string;
  dataDir: string;
}

export interface CostOptions {
  seconds: number;
  eventsPerRequest: number;
  connections: number;
  /** The form of the requests. Default: a batch of our own. */
  form?: LoadOrder["form"];
  /** The most that the generator offers. The default is as much as is accepted. */
  eventsPerSecondMax?: number | undefined;
  /** Events that the path has stored before. */
  storedBefore?: number;
  /** The longest wait until all is stored and merged. */
  drainTimeoutMs: number;
}

export interface Cost {
  report: LoadReport;
  /** Warm-up included. */
  acknowledgedEvents: number;
  /** CPU microseconds an event by process. */
  cpuUs: Record<string, number>;
  allCpuUs: number;
  figures: Figures;
}

const warmUpSeconds = 5;

/** @throws UserError when nothing is acknowledged, or what was acknowledged is not stored in time. */
export async function measureCost(path: Path, options: CostOptions): Promise<Cost> {
  const { drainTimeoutMs, storedBefore = 0 } = options;
  const order = orderFor(path, options);

  console.log(`Warming up for ${warmUpSeconds} s …`);
  const warmUp = await load({ ...order, seconds: warmUpSeconds, seed: 1 });
  await untilQuiet(path, storedBefore + warmUp.acknowledgedEvents, drainTimeoutMs);

  console.log(`Measuring for ${options.seconds} s …`);
  const kafkaBefore = logBytes(path.dataDir, path.topic);
  const cpuBefore = cpuOf(path.processes);
  const report = await load({ ...order, seed: 2 });
  const events = report.acknowledgedEvents;
  if (events === 0) throw new UserError(`Nothing was acknowledged: ${JSON.stringify(report)}`);
  const acknowledgedEvents = warmUp.acknowledgedEvents + events;
  const drainedAfterMs = await untilQuiet(path, storedBefore + acknowledgedEvents, drainTimeoutMs);
  const cpuUs = difference(cpuOf(path.processes), cpuBefore, events);
  const allCpuUs = Object.values(cpuUs).reduce((sum, value) => sum + value, 0);
  const figures = {
    ...loadFigures(report, options),
    stored_and_merged_after_ms: drainedAfterMs,
    cpu_us_per_event: cpuUs,
    all_cpu_us_per_event: allCpuUs,
    rss_mib: mebibytes(path.processes),
    kafka_bytes_per_event: (logBytes(path.dataDir, path.topic) - kafkaBefore) / events,
  };
  return { report, acknowledgedEvents, cpuUs, allCpuUs, figures };
}

function orderFor({ endpoint, keys }: Path, options: CostOptions): LoadOrder {
  const { seconds, eventsPerRequest, connections, form, eventsPerSecondMax } = options;
  const prepared = preparedRequests(options);
  const how = { seconds, eventsPerRequest, connections, form, eventsPerSecondMax };
  return { endpoint, keys, ...how, prepared, seed: 0, keepBatchIds: false };
}

/**
 * Returns the number of bodies to prepare, about 100 MB at most, so that one is reused only after many
 * others.
 */
export function preparedRequests(options: Pick<CostOptions, "eventsPerRequest" | "connections">): number {
  const { eventsPerRequest, connections } = options;
  return Math.max(connections, Math.min(20_000, Math.floor(400_000 / eventsPerRequest)));
}

function loadFigures(report: LoadReport, { eventsPerRequest, connections }: CostOptions): Figures {
  const { p50, p99, max } = report.latencyMs;
  const events = report.acknowledgedEvents;
  return {
    events_per_request: eventsPerRequest,
    connections,
    seconds: report.seconds,
    acknowledged_events: events,
    events_per_second: events / report.seconds,
    requests_per_second: report.acknowledgedRequests / report.seconds,
    other_answers: report.otherAnswers,
    connections_cut_off: report.cutOff,
    ack_ms_p50: p50,
    ack_ms_p99: p99,
    ack_ms_max: max,
    load_generator_cpu_us_per_event: (report.cpuSeconds * 1e6) / events,
    body_bytes_per_event: report.bytesSent / (report.acknowledgedRequests * eventsPerRequest),
  };
}

function mebibytes(processes: Record<string, number>): Record<string, number> {
  return mapValues(processes, (pid) => Math.round(residentBytes(pid) / 2 ** 20));
}

function cpuOf(processes: Record<string, number>): Record<string, number> {
  return mapValues(processes, cpuSecondsOfTree);
}

function mapValues(values: Record<string, number>, change: (value: number) => number) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
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
