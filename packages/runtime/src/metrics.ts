import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of one process, in Prometheus' text format through `registry.metrics()`. */
export interface Metrics {
  registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** Registers a gauge whose value is read only when it is collected. */
  level(name: string, help: string, read: () => number): void;
  /** @param buckets Upper bounds in the unit of the name, ascending. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
}

/** Gauges of Node whose names end like a counter: parsers of OpenMetrics read them as counters. */
const misnamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Creates the registry of a process with Node's own metrics (CPU, memory, event loop, GC) in it. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const shared = { registers: [registry] };
  return {
    registry,
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], ...shared }),
    gauge: (name, help, labels = []) => new Gauge({ name, help, labelNames: [...labels], ...shared }),
    level(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, collect: () => gauge.set(read()), ...shared });
    },
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], ...shared }),
  };
}
