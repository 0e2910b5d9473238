// `ingest`, `ingest-single` and `end-to-end` are one measurement; each name publishes the figures that it
// promises.
import { topics } from "@mosis/types/topics";
import { type Cost, measureCost, type Path } from "./cost.ts";
import { bytesPerRow } from "./disk.ts";
import type { Platform } from "./platform.ts";
import type { Figures, Outcome } from "./report.ts";
import { findLosses, openTraffic, type Traffic } from "./traffic.ts";

export interface IngestOptions {
  seconds: number;
  eventsPerRequest: number;
  connections: number;
  eventsPerSecondMax?: number | undefined;
  /** Returns the figures that a benchmark is named for. */
  promised: (cost: Cost) => Figures;
}

export async function benchIngest(platform: Platform, options: IngestOptions): Promise<Outcome> {
  const traffic = await openTraffic(platform.endpoints);
  const cost = await measureCost(pathOf(platform, traffic), { ...options, drainTimeoutMs: 120_000 });
  const broken = await findLosses(traffic, { events: cost.acknowledgedEvents });
  const disk = await bytesPerRow(traffic.store);
  await traffic.close();
  return {
    figures: { ...options.promised(cost), ...cost.figures, disk_bytes_per_event: disk },
    broken,
  };
}

/** Returns the platform itself as a path, with all of its processes counted. */
export function pathOf({ processes, dataDir }: Platform, traffic: Traffic): Path {
  return { ...traffic, processes, dataDir, topic: topics.events };
}

export const perCpuSecondOfIngest = {
  events: ({ cpuUs }: Cost): Figures => ({ ingest_events_per_cpu_second: 1e6 / (cpuUs["ingest"] ?? 0) }),
  /** The figures for batches of one event. */
  requests: ({ cpuUs }: Cost): Figures => ({ ingest_requests_per_cpu_second: 1e6 / (cpuUs["ingest"] ?? 0) }),
};
