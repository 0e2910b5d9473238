// Asks, in a process of its own, of PostgreSQL or over HTTP. An AskOrder in, an AskReport out.
// First in a closed loop, in which each connection asks for the next item when it has the answer to the one
// before; then in an open one at a given rate, in which a question has its time, whether the one before is
// answered or not. Over the same connections, and each with a warm-up: code that is compiled keeps
// waiting whoever is next.
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
  /** Of the closed loop. */
  seconds: number;
  /** Of the open loop, over all connections. Without it, half of what the closed one reached. */
  perSecond?: number;
  /** Name of a process of one thread: no more than take half of a core of it. */
  halfBusy?: string;
  /** Of PostgreSQL: a statement and what it is asked for. */
  statement?: { name: StatementName; items: readonly string[] };
  /** Over HTTP: a path each, with the key to send. */
  requests?: readonly { path: string; key?: string }[];
  /** Pid by name of those whose CPU is told, with that of all that descend from them. */
  processes: Record<string, number>;
}

export interface AskReport {
  /** Of the closed loop. */
  perSecond: number;
  latencyMsAtMost: Percentiles;
  /** µs an answer, by process; the generator's own under its name. */
  cpuUs: Record<string, number>;
  /** Of the open loop. */
  offeredPerSecond: number;
  /** What the api sent to PostgreSQL for that, over HTTP; otherwise null. */
  statementsPerSecond: number | null;
  /** Of the open loop; p99 is the median of its windows. */
  latencyMs: Percentiles & { p99Worst: number };
  /** In all, other than 200, by status. */
  otherAnswers: Record<string, number>;
}

type Ask = (n: number) => Promise<number>;

interface Loop {
  seconds: number;
  /** Over all connections. Without it, as many as are answered. */
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
// The parent is gone: nobody waits for a report.
process.once("disconnect", () => process.exit());

const warmUpSeconds = 3;
/** The open loop is longer than the closed one by so much, and is looked at in as many windows. */
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

/** By the api's own count; null of PostgreSQL itself, and of a server that does not count. */
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
        // What a slow answer keeps waiting is late as well; that a timer is late is nobody's answer.
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

/** When a connection asks: now, or its share of the rate evenly, with the others in between. */
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
  // All items are asked at once, and wait for a connection.
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
