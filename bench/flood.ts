// The open loop, a process of its own: requests are due by the clock, however long answers take.
// `generator.ts` starts it: a FloodOrder in, a FloodReport out.
import { setTimeout as sleep } from "node:timers/promises";
import { batchIdOf, type PreparedRequest, prepareRequest, refresh } from "./bodies.ts";
import { type Address, type Answer, type Connection, openConnection } from "./connection.ts";
import { percentiles, type Percentiles } from "./percentiles.ts";

export interface FloodOrder {
  /** Base URL of the ingest service. */
  endpoint: string;
  keys: readonly string[];
  eventsPerRequest: number;
  /** Connections that are open from the start; each carries one request at a time. */
  connections: number;
  requestsPerSecond: number;
  seconds: number;
  seed: number;
}

export interface FloodReport {
  seconds: number;
  /** Requests that were due. */
  dueRequests: number;
  /** Requests that were due while every connection was busy, and were therefore not offered. */
  notOfferedRequests: number;
  sentRequests: number;
  /** The number of complete answers by status. */
  answers: Record<string, number>;
  /** Connections lost in the middle of a request. */
  cutOff: number;
  /** Connections that could not be opened again. */
  notConnected: number;
  /** Answers with 429 or 503 that do not say when to come back. */
  refusalsWithoutRetryAfter: number;
  acknowledgedEvents: number;
  ackMs: Percentiles;
  refusalMs: Percentiles;
  cpuSeconds: number;
  batchIds: string[];
}

/** A connection with a body of its own: a body is overwritten while no request sends it. */
interface Lane {
  request: PreparedRequest;
  connection: Connection | null;
}

const report = {
  dueRequests: 0,
  notOfferedRequests: 0,
  sentRequests: 0,
  answers: {} as Record<string, number>,
  cutOff: 0,
  notConnected: 0,
  refusalsWithoutRetryAfter: 0,
  acknowledgedEvents: 0,
  batchIds: [] as string[],
};
const ackMs: number[] = [];
const refusalMs: number[] = [];

const tickMs = 5;
/** Time after the last due request at which requests without an answer are cut off. */
const lastAnswersMs = 30_000;

process.once("message", (order: FloodOrder) => {
  void run(order).then(
    (result) => void process.send?.({ report: result }, undefined, {}, () => process.disconnect?.()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The parent is gone, so nobody waits for a report.
process.once("disconnect", () => process.exit());

async function run(order: FloodOrder): Promise<FloodReport> {
  const { hostname, port, host } = new URL(order.endpoint);
  const address = { hostname, port: Number(port) };
  const lanes = Array.from({ length: order.connections }, (_, n): Lane => {
    return { request: prepareRequest(n, { ...order, host }), connection: null };
  });
  for (const lane of lanes) lane.connection = await openConnection(address);
  // Connections are taken from the front, so that none stays idle for long and is closed for that.
  const free = [...lanes];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const dueInAll = Math.floor(order.seconds * order.requestsPerSecond);
  while (report.dueRequests < dueInAll) {
    const dueNow = ((performance.now() - startedAt) / 1000) * order.requestsPerSecond;
    for (; report.dueRequests < Math.min(dueInAll, dueNow); report.dueRequests++) {
      const lane = free.shift();
      if (lane) void send(lane, address).then(() => free.push(lane));
      else report.notOfferedRequests++;
    }
    await sleep(tickMs);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const giveUpAt = performance.now() + lastAnswersMs;
  while (free.length < lanes.length && performance.now() < giveUpAt) await sleep(100);
  for (const { connection } of lanes) connection?.close();
  while (free.length < lanes.length) await sleep(10);
  const cpuSeconds = (user + system) / 1e6;
  return { ...report, seconds, cpuSeconds, ackMs: percentiles(ackMs), refusalMs: percentiles(refusalMs) };
}

/** Sends a request. It never rejects: failures are counted. */
async function send(lane: Lane, address: Address): Promise<void> {
  try {
    // A connection that was closed while idle has cut off no request.
    if (!lane.connection || lane.connection.isClosed()) lane.connection = await openConnection(address);
  } catch {
    report.notConnected++;
    return;
  }
  refresh(lane.request, Date.now());
  report.sentRequests++;
  const sentAt = performance.now();
  try {
    note(lane.request, await lane.connection.ask(lane.request.message), performance.now() - sentAt);
  } catch {
    report.cutOff++;
    lane.connection = null;
  }
}

function note(request: PreparedRequest, { status, retryAfter }: Answer, durationMs: number): void {
  report.answers[status] = (report.answers[status] ?? 0) + 1;
  if (status === 202) {
    report.acknowledgedEvents += request.events;
    report.batchIds.push(batchIdOf(request));
    ackMs.push(durationMs);
  } else {
    refusalMs.push(durationMs);
    if ((status === 429 || status === 503) && !retryAfter) report.refusalsWithoutRetryAfter++;
  }
}
