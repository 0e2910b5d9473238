import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of one process, in Prometheus' text format through `registry.metrics()`. */
export interface Metrics {
  registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** A gauge whose value is read only when somebody looks. */
  level(name: string, help: string, read: () => number): void;
  /** @param buckets upper bounds in the unit of the name, ascending. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
}

/** Starts the registry of a process with Node's own metrics (CPU, memory, event loop, GC) in it. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
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
