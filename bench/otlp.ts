// `otlp` sends the same events as OpenTelemetry's log records and as batches of our own, one after the other.
import { measureCost } from "./cost.ts";
import { pathOf } from "./ingest.ts";
import type { Platform } from "./platform.ts";
import type { Outcome } from "./report.ts";
import { findLosses, openTraffic } from "./traffic.ts";

export interface OtlpOptions {
  seconds: number;
  eventsPerRequest: number;
  connections: number;
  eventsPerSecondMax?: number | undefined;
}

const drainTimeoutMs = 120_000;

export async function benchOtlp(platform: Platform, options: OtlpOptions): Promise<Outcome> {
  const traffic = await openTraffic(platform.endpoints);
  const path = pathOf(platform, traffic);
  console.log("Batches of our own:");
  const json = await measureCost(path, { ...options, drainTimeoutMs });
  console.log("Log records:");
  const storedBefore = json.acknowledgedEvents;
  const logs = await measureCost(path, { ...options, drainTimeoutMs, form: "otlp", storedBefore });
  const events = storedBefore + logs.acknowledgedEvents;
  const broken = await findLosses(traffic, { events });
  await traffic.close();
  const otlpUs = logs.cpuUs["ingest"] ?? 0;
  const jsonUs = json.cpuUs["ingest"] ?? 0;
  return {
    figures: {
      otlp_ingest_cpu_us_per_event: otlpUs,
      json_ingest_cpu_us_per_event: jsonUs,
      times_cpu_of_json: otlpUs / jsonUs,
      otlp: logs.figures,
      json: json.figures,
    },
    broken,
  };
}
