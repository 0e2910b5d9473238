// Asks PostgreSQL or asks over HTTP, in a process of its own: an AskOrder in, an AskReport out.
// First in a closed loop: each connection asks for the next item when it has the answer to the previous one.
// Then in an open loop at a given rate: a question is due at its time, even when the previous one is not
// answered yet. Both use the same connections and start with a warm-up, because compiling code delays
// whatever comes next.
import { openPool, type Pool } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "../connection.ts";
import { cpuSecondsOfTree } from "../cpu.ts";
import { median, percentiles, type Percentiles } from "../percentiles.ts";
import { type StatementName, statements } from "./statements.ts";
import { namesOf, openWire, questionOf, recordSteps } from "./wire.ts";

export interface AskOrder {
  url: string;
  connections: number;
  /** Duration of the closed loop. */
  seconds: number;
  /** The rate of the open loop, over all connections. The default is half of what the closed loop reached. */
  perSecond?: number;
  /** The name of a process with one thread: the open loop takes at most half of a core of it. */
  halfBusy?: string;
  /** The statement for PostgreSQL, and the items that it looks up. */
  statement?: { name: StatementName; items: readonly string[] };
  /** The paths for HTTP, one for each request, with the key to send. */
  requests?: readonly { path: string; key?: string }[];
  /** The pid by name of each process whose CPU is reported, including all its descendants. */
  processes: Record<string, number>;
}

export interface AskReport {
  /** Answers a second in the closed loop. */
  perSecond: number;
  latencyMsAtMost: Percentiles;
  /** µs per answer, by process; the generator's own under its name. */
  cpuUs: Record<string, number>;
  /** Requests a second that the open loop offered. */
  offeredPerSecond: number;
  /** Statements that the api sent to PostgreSQL for that, over HTTP; otherwise null. */
  statementsPerSecond: number | null;
  /** Latency in the open loop; p99 is the median of its windows. */
  latencyMs: Percentiles & { p99Worst: number };
  /** The number of all answers other than 200, by status. */
  otherAnswers: Record<string, number>;
}

type Ask = (n: number) => Promise<number>;

interface Loop {
  seconds: number;
  /** The rate over all connections. Without it, the loop is closed: a request follows each answer. */
  perSecond?: number;
}

process.once("message", (order: AskOrder) => {
  void run(order).then(
    (report) => void process.send?.({ report }, undefined, {}, () => process.disconnect?.()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The parent is gone, so nobody waits for a report.
process.once("disconnect", () => process.exit());

const warmUpSeconds = 3;
/** The open loop is this many times as long as the closed one, and is evaluated in as many windows. */
const windows = 5;

async function run(order: AskOrder): Promise<AskReport> {
  const { seconds } = order;
  const { asks, close } = await (order.statement ? openStatements(order) : openRequests(order));
  const otherAnswers: Record<string, number> = {};
  const ask = (loop: Loop) => askAll(asks, loop, otherAnswers);
  await ask({ seconds: warmUpSeconds });
  const cpuBefore = cpuSeconds(order);
  const closed = await ask({ seconds });
  const cpuAfter = cpuSeconds(order);
  const answers = closed.latencies.length;
  const perSecond = answers / closed.seconds;
  const perSecondMost = order.perSecond ?? perSecond / 2;
  const warmUp = await ask({ perSecond: perSecondMost, seconds: warmUpSeconds });
  const busySeconds = (name: string) => (cpuSeconds(order)[name] ?? 0) - (cpuAfter[name] ?? 0);
  // Requests that come one by one cost up to twice as much as those that come 16 at once.
  const ofHalfACore = order.halfBusy ? warmUp.seconds / 2 / busySeconds(order.halfBusy) : 1;
  const offeredPerSecond = perSecondMost * Math.min(1, ofHalfACore);
  const sentBefore = await statementsSent(order);
  const open = await ask({ perSecond: offeredPerSecond, seconds: windows * seconds });
  const sent = await statementsSent(order);
  await close();
  const cpuUs = ([name, before]: [string, number]) => [
    name,
    (((cpuAfter[name] ?? 0) - before) * 1e6) / answers,
  ];
  return {
    perSecond,
    latencyMsAtMost: percentiles(closed.latencies),
    cpuUs: Object.fromEntries(Object.entries(cpuBefore).map(cpuUs)),
    offeredPerSecond,
    statementsPerSecond: sent === null || sentBefore === null ? null : (sent - sentBefore) / open.seconds,
    latencyMs: inWindows(open.latencies),
    otherAnswers,
  };
}

/** Returns the api's own count; null for PostgreSQL itself, and for a server that does not count. */
async function statementsSent({ url, requests }: AskOrder): Promise<number | null> {
  if (requests === undefined) return null;
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const count = /^postgres_statement_seconds_count\b.* (\d+)$/m.exec(metrics)?.[1];
  return count === undefined ? null : Number(count);
}

/** @param latencies in the order of the answers. */
function inWindows(latencies: readonly number[]): AskReport["latencyMs"] {
  const length = Math.ceil(latencies.length / windows);
  const p99s = Array.from({ length: windows }, (_, n) => {
    return percentiles(latencies.slice(n * length, (n + 1) * length)).p99;
  });
  return { ...percentiles(latencies), p99: median(p99s), p99Worst: Math.max(...p99s) };
}

function cpuSeconds({ processes }: AskOrder): Record<string, number> {
  const all = Object.entries({ ...processes, load_generator: process.pid });
  return Object.fromEntries(all.map(([name, pid]) => [name, cpuSecondsOfTree(pid)]));
}

async function askAll(asks: readonly Ask[], loop: Loop, otherAnswers: Record<string, number>) {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + loop.seconds * 1000;
  let next = 0;
  await Promise.all(
    asks.map(async (ask, place) => {
      const dueOf = createSchedule(loop, { startedAt, place, places: asks.length });
      for (let turn = 0; performance.now() < endsAt; turn++) {
        const dueAt = dueOf(turn);
        // A request that waits for a slow answer is late as well; lateness of a timer counts for no answer.
        let from = dueAt;
        const earlyMs = dueAt - performance.now();
        if (earlyMs > 0) {
          await sleep(earlyMs);
          from = performance.now();
        }
        const status = await ask(next++);
        latencies.push(performance.now() - from);
        if (status !== 200) otherAnswers[status] = (otherAnswers[status] ?? 0) + 1;
      }
    }),
  );
  return { latencies, seconds: (performance.now() - startedAt) / 1000 };
}

/**
 * Returns the time at which a connection asks: now, or its even share of the rate, interleaved with the
 * others.
 */
function createSchedule(
  { perSecond }: Loop,
  { startedAt, place, places }: { startedAt: number; place: number; places: number },
): (turn: number) => number {
  if (perSecond === undefined) return () => performance.now();
  const everyMs = (1000 * places) / perSecond;
  return (turn) => startedAt + (turn + place / places) * everyMs;
}

async function openStatements({ url, connections, statement }: AskOrder) {
  const { name, items } = statement ?? { name: "search", items: [] };
  const log = createLogger({ service: "bench", level: "warn" });
  // All items are asked at once and wait for a connection.
  const timeouts = { connectTimeoutMs: 120_000, statementTimeoutMs: 120_000 };
  const db = openPool({ url, name: "bench", log, connectionsMax: connections, ...timeouts });
  const ask = (own: Pool, item: string) => statements[name](own, item);
  const steps = await Promise.all(items.map((item) => recordSteps(db, (own) => ask(own, item))));
  await db.close();
  const names = namesOf(steps.flat());
  const questions = steps.map((some) => questionOf(some, names));
  const opened = await Promise.all(Array.from({ length: connections }, () => openWire(url, names)));
  return {
    asks: opened.map((connection): Ask => async (n) => {
      await connection.ask(questions[n % questions.length] ?? []);
      return 200;
    }),
    close: async () => opened.forEach((connection) => connection.close()),
  };
}

async function openRequests({ url, connections, requests = [] }: AskOrder) {
  const { hostname, port, host } = new URL(url);
  const messages = requests.map(({ path, key }) => {
    const authorization = key === undefined ? "" : `authorization: Bearer ${key}\r\n`;
    return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${authorization}\r\n`);
  });
  const opened = await Promise.all(
    Array.from({ length: connections }, () => openConnection({ hostname, port: Number(port) })),
  );
  return {
    asks: opened.map((connection): Ask => async (n) => {
      return (await connection.ask(messages[n % messages.length] as Buffer)).status;
    }),
    close: async () => opened.forEach((connection) => connection.close()),
  };
}
