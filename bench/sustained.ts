// `sustained` sends minutes of load at a steady rate and checks that the writer keeps up.
import { setTimeout as sleep } from "node:timers/promises";
import { openLagReader, readKafka } from "@mosis/kafka";
import { createLogger } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import { preparedRequests } from "./cost.ts";
import { type RunningLoad, startLoad } from "./generator.ts";
import { watchMemory } from "./memory.ts";
import type { Platform } from "./platform.ts";
import type { Figures, Outcome } from "./report.ts";
import { countOf, findLosses, openTraffic, type Traffic, untilQuiet } from "./traffic.ts";

export interface SustainedOptions {
  seconds: number;
  eventsPerRequest: number;
  connections: number;
  /** The rate that is offered. */
  eventsPerSecondMax: number;
}

/** The progress of everything at one moment. */
interface Sample {
  second: number;
  acknowledged: number;
  stored: number;
  /** Kafka records that the writer has not committed. */
  lagRecords: number;
}

const sampleSeconds = 5;
const windowSeconds = 30;
const drainTimeoutMs = 300_000;

export async function benchSustained(platform: Platform, options: SustainedOptions): Promise<Outcome> {
  const { seconds, eventsPerRequest, connections, eventsPerSecondMax } = options;
  const traffic = await openTraffic(platform.endpoints);
  const { endpoint, keys } = traffic;
  const prepared = preparedRequests(options);

  console.log(`Loading for ${seconds} s …`);
  const memory = watchMemory(platform.processes, 1000);
  const order = { endpoint, keys, seconds, eventsPerRequest, connections, prepared, eventsPerSecondMax };
  const running = startLoad({ ...order, seed: 3, keepBatchIds: true });
  const samples = await sampleUntilOver(platform, traffic, running);
  const report = await running.report;
  const drainedAfterMs = await untilQuiet(traffic, report.acknowledgedEvents, drainTimeoutMs);
  const rss = memory.stop();
  const freshness = await freshnessMs(traffic);
  const broken = await findLosses(traffic, {
    events: report.acknowledgedEvents,
    batchIds: report.batchIds,
  });
  await traffic.close();
  const rate = report.acknowledgedEvents / report.seconds;
  return {
    figures: {
      events_per_second: rate,
      ...lagFigures(samples, report.seconds, rate),
      freshness_ms_p95: freshness,
      ack_ms_p50: report.latencyMs.p50,
      ack_ms_p99: report.latencyMs.p99,
      ack_ms_max: report.latencyMs.max,
      rss_mb_max: rss,
      seconds: report.seconds,
      acknowledged_events: report.acknowledgedEvents,
      other_answers: report.otherAnswers,
      connections_cut_off: report.cutOff,
      stored_and_merged_after_ms: drainedAfterMs,
      load_generator_cpu_us_per_event: (report.cpuSeconds * 1e6) / report.acknowledgedEvents,
      events_per_second_by_window: byWindow(samples),
      lag_events_by_second: Object.fromEntries(
        samples.map((sample) => [`${Math.round(sample.second)}_s`, lagOf(sample)]),
      ),
      lag_records_by_second: Object.fromEntries(
        samples.map(({ second, lagRecords }) => [`${Math.round(second)}_s`, lagRecords]),
      ),
    },
    broken,
  };
}

/** Takes a sample every few seconds from the first acknowledged event on; the bodies are made before that. */
async function sampleUntilOver(
  { endpoints }: Platform,
  traffic: Traffic,
  running: RunningLoad,
): Promise<Sample[]> {
  const log = createLogger({ service: "bench", level: "warn" });
  const reader = openLagReader(
    { ...readKafka(endpoints.kafkaVariables), clientId: "bench", log },
    { group: "telemetry-writer", topics: [topics.events], deadlineMs: 15_000 },
  );
  const over = new AbortController();
  const end = () => over.abort();
  // The caller handles a failure, because it waits for the report as well.
  void running.report.then(end, end);
  const isOver = () => over.signal.aborted;
  const samples: Sample[] = [];
  while (!isOver() && (await running.acknowledgedEvents()) === 0) await sleep(20);
  const startedAt = performance.now();
  for (let n = 1; !isOver(); n++) {
    const second = (performance.now() - startedAt) / 1000;
    const [acknowledged, rows, lag] = await Promise.all([
      running.acknowledgedEvents(),
      traffic.stored(),
      reader.read(),
    ]);
    const lagRecords = lag.reduce((sum, { records }) => sum + records, 0);
    if (!isOver()) samples.push({ second, acknowledged, stored: rows, lagRecords });
    const nextAt = startedAt + n * sampleSeconds * 1000;
    while (!isOver() && performance.now() < nextAt) await sleep(50);
  }
  await reader.close();
  return samples;
}

function lagOf({ acknowledged, stored }: Sample): number {
  return acknowledged - stored;
}

function lagFigures(samples: readonly Sample[], seconds: number, rate: number): Figures {
  const steady = samples.filter(({ second }) => second >= seconds * 0.2);
  const [first] = steady;
  const last = steady.at(-1);
  if (!first || !last) return {};
  const growth = slope(steady.map((sample) => [sample.second, lagOf(sample)]));
  return {
    lag_events_at_20_percent: lagOf(first),
    lag_events_at_end: lagOf(last),
    lag_events_max: Math.max(...steady.map(lagOf)),
    lag_growth_events_per_second: growth,
    lag_growth_percent_of_rate: (100 * growth) / rate,
  };
}

/**
 * Returns the slope of the straight line nearest to the points; a single insert changes more than a window's
 * growth.
 */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const above = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  const below = mean(points.map(([x]) => (x - meanX) ** 2));
  return below === 0 ? 0 : above / below;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function byWindow(samples: readonly Sample[]): Figures {
  const figures: Figures = {};
  let [from] = samples;
  const last = samples.at(-1);
  for (const sample of samples) {
    if (!from || sample === from) continue;
    const isFull = sample.second - from.second >= windowSeconds - sampleSeconds / 2;
    if (!isFull && sample !== last) continue;
    const rate = (sample.acknowledged - from.acknowledged) / (sample.second - from.second);
    figures[`${Math.round(from.second)}_to_${Math.round(sample.second)}_s`] = rate;
    from = sample;
  }
  return figures;
}

/**
 * Returns the 95th percentile of the milliseconds from the receipt of a batch to the moment at which it could
 * be queried.
 */
function freshnessMs({ store, appIds }: Traffic): Promise<number> {
  return countOf(
    store,
    `SELECT toFloat64(quantileExact(0.95)(
       toUnixTimestamp64Milli(stored_at) - toUnixTimestamp64Milli(received_at))) AS number
     FROM ingest_batches WHERE app_id IN {appIds:Array(UUID)}`,
    { appIds },
  );
}
