// The closed loop, a process of its own: each connection sends its next request when it has the answer to the
// previous one. `generator.ts` starts it: a LoadOrder in, a LoadReport out, and its progress when asked.
import { setTimeout as sleep } from "node:timers/promises";
import { batchIdOf, type PreparedRequest, prepareRequest, refresh } from "./bodies.ts";
import { type Address, type Connection, openConnection } from "./connection.ts";
import { prepareLogs } from "./otlp-bodies.ts";
import { percentiles, type Percentiles } from "./percentiles.ts";

export interface LoadOrder {
  /** Base URL of the ingest service. */
  endpoint: string;
  keys: readonly string[];
  eventsPerRequest: number;
  connections: number;
  /** The form of the requests. Default: a batch of our own. */
  form?: "otlp" | undefined;
  /** Requests made before the start; each is used again and again with new ids. */
  prepared: number;
  seconds: number;
  seed: number;
  /** True when the report must name every acknowledged batch. */
  keepBatchIds: boolean;
  /**
   * The most that all connections together send; they wait before they would exceed it. The default is as
   * much as they can.
   */
  eventsPerSecondMax?: number | undefined;
}

export interface LoadReport {
  acknowledgedEvents: number;
  acknowledgedRequests: number;
  /** The number of answers that were no acknowledgement, by status. */
  otherAnswers: Record<string, number>;
  /** Connections lost in the middle of a request. */
  cutOff: number;
  seconds: number;
  /** Milliseconds from the first byte sent to the answer, one per acknowledged request. */
  latencyMs: Percentiles;
  bytesSent: number;
  cpuSeconds: number;
  batchIds: string[];
}

export type LoadMessage = { acknowledgedEvents: number } | { report: LoadReport };

const tally = {
  requests: 0,
  events: 0,
  others: {} as Record<string, number>,
  cutOff: 0,
  bytes: 0,
  latencies: [] as number[],
  batchIds: [] as string[],
};

process.once("message", (order: LoadOrder) => {
  process.on("message", () => process.send?.({ acknowledgedEvents: tally.events } satisfies LoadMessage));
  void run(order).then(
    (report) =>
      void process.send?.({ report } satisfies LoadMessage, undefined, {}, () => process.disconnect?.()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The parent is gone, so nobody waits for a report.
process.once("disconnect", () => process.exit());

async function run(order: LoadOrder): Promise<LoadReport> {
  const { hostname, port, host } = new URL(order.endpoint);
  const prepare = order.form === "otlp" ? prepareLogs : prepareRequest;
  const bodies = Array.from({ length: order.prepared }, (_, n) => prepare(n, { ...order, host }));
  const address = { hostname, port: Number(port) };
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + order.seconds * 1000;
  const share = (index: number) => bodies.filter((_, n) => n % order.connections === index);
  await Promise.all(
    Array.from({ length: order.connections }, (_, index) => drive(address, share(index), order, endsAt)),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    acknowledgedEvents: tally.events,
    acknowledgedRequests: tally.requests,
    otherAnswers: tally.others,
    cutOff: tally.cutOff,
    seconds: (performance.now() - startedAt) / 1000,
    latencyMs: percentiles(tally.latencies),
    bytesSent: tally.bytes,
    cpuSeconds: (user + system) / 1e6,
    batchIds: tally.batchIds,
  };
}

async function drive(
  address: Address,
  requests: readonly PreparedRequest[],
  order: LoadOrder,
  endsAt: number,
): Promise<void> {
  const { eventsPerSecondMax = Number.POSITIVE_INFINITY, connections, eventsPerRequest } = order;
  const acknowledged = order.form === "otlp" ? 200 : 202;
  let connection: Connection | null = null;
  const intervalMs = (1000 * connections * eventsPerRequest) / eventsPerSecondMax;
  // The connections must not all start at the same moment.
  let dueAt = performance.now() + Math.random() * intervalMs;
  for (let n = 0; performance.now() < endsAt; n++, dueAt += intervalMs) {
    const earlyMs = dueAt - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    const request = requests[n % requests.length] as PreparedRequest;
    refresh(request, Date.now());
    const sentAt = performance.now();
    try {
      connection ??= await openConnection(address);
      const { status } = await connection.ask(request.message);
      tally.bytes += request.message.length;
      if (status === acknowledged) {
        tally.requests++;
        tally.events += request.events;
        tally.latencies.push(performance.now() - sentAt);
        if (order.keepBatchIds) tally.batchIds.push(batchIdOf(request));
        continue;
      }
      tally.others[status] = (tally.others[status] ?? 0) + 1;
    } catch {
      // The loss is counted and reported; the benchmark decides what it means.
      tally.cutOff++;
      connection = null;
    }
    await sleep(20);
  }
  connection?.close();
}
