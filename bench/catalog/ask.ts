// Asks, in a process of its own, of PostgreSQL by the driver or over HTTP. An AskOrder in, an AskReport out.
// Without a rate a closed loop: each connection asks for the next item when it has the answer to the one
// before. With a rate an open one: a question has its time, whether the one before is answered or not.
import { openPool } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "../connection.ts";
import { percentiles, type Percentiles } from "../percentiles.ts";
import { type StatementName, statements } from "./statements.ts";

export interface AskOrder {
  url: string;
  connections: number;
  seconds: number;
  /** Over all connections. */
  perSecond?: number;
  /** Of PostgreSQL: a statement and what it is asked for. */
  statement?: { name: StatementName; items: readonly string[] };
  /** Over HTTP: a path each, with the key to send. */
  requests?: readonly { path: string; key?: string }[];
}

export interface AskReport {
  answers: number;
  /** With those of the warm-up. */
  answersInAll: number;
  /** Other than 200, by status. */
  otherAnswers: Record<string, number>;
  seconds: number;
  latencyMs: Percentiles;
  cpuSeconds: number;
}

type Ask = (n: number) => Promise<number>;

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

async function run(order: AskOrder): Promise<AskReport> {
  const { asks, close } = order.statement ? openStatements(order) : await openRequests(order);
  // In the same process, over the same connections: a statement that is planned and code that is compiled
  // while questions are due would keep all others waiting.
  const warm: AskOrder = { ...order, seconds: warmUpSeconds };
  delete warm.perSecond;
  const before = await askAll(asks, warm);
  const cpuBefore = process.cpuUsage();
  const { latencies, otherAnswers, seconds } = await askAll(asks, order);
  const { user, system } = process.cpuUsage(cpuBefore);
  await close();
  return {
    answers: latencies.length,
    answersInAll: before.latencies.length + latencies.length,
    otherAnswers,
    seconds,
    latencyMs: percentiles(latencies),
    cpuSeconds: (user + system) / 1e6,
  };
}

const warmUpSeconds = 2;

async function askAll(asks: readonly Ask[], order: AskOrder) {
  const latencies: number[] = [];
  const otherAnswers: Record<string, number> = {};
  const startedAt = performance.now();
  const endsAt = startedAt + order.seconds * 1000;
  let next = 0;
  await Promise.all(
    asks.map(async (ask, place) => {
      const dueOf = createSchedule(order, { startedAt, place });
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
  return { latencies, otherAnswers, seconds: (performance.now() - startedAt) / 1000 };
}

/** When a connection asks: now, or its share of the rate evenly, with the others in between. */
function createSchedule(
  { perSecond, connections }: AskOrder,
  { startedAt, place }: { startedAt: number; place: number },
): (turn: number) => number {
  if (perSecond === undefined) return () => performance.now();
  const everyMs = (1000 * connections) / perSecond;
  return (turn) => startedAt + (turn + place / connections) * everyMs;
}

function openStatements({ url, connections, statement }: AskOrder) {
  const { name, items } = statement ?? { name: "search", items: [] };
  const log = createLogger({ service: "bench", level: "warn" });
  const timeouts = { connectTimeoutMs: 10_000, statementTimeoutMs: 120_000 };
  const db = openPool({ url, name: "bench", log, connectionsMax: connections, ...timeouts });
  const ask: Ask = async (n) => {
    await statements[name](db, items[n % items.length] as string);
    return 200;
  };
  return { asks: Array.from({ length: connections }, () => ask), close: () => db.close() };
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
