// `npm run chaos -- --seed N --minutes M [--kills K] [--rate R] [--break commit-before-insert]` starts a
// platform of its own, sends traffic, and kills and pauses processes meanwhile; then it looks for every
// acknowledged event. The exit code is 1 on any difference.
import { parseArgs } from "node:util";
import { openClickHouse } from "@mosis/clickhouse";
import { readKafka } from "@mosis/kafka";
import { createLogger } from "@mosis/runtime";
import { carryOut, type Done } from "./chaos/carry-out.ts";
import { compareEvents } from "./chaos/compare.ts";
import { type NumberedBatch, numberedTraffic } from "./chaos/numbered.ts";
import { planFaults } from "./chaos/plan.ts";
import { printComparison, printFaults } from "./chaos/report.ts";
import { untilSettled } from "./chaos/settled.ts";
import { type DemoAccount, registerDemo, untilKeysWork } from "./demo/account.ts";
import { balance } from "./demo/books.ts";
import { createLedger, type Ledger, sum } from "./demo/ledger.ts";
import { printAttempts, printBooks } from "./demo/report.ts";
import { sendAll } from "./demo/sender.ts";
import { runProgram, UserError, wholeNumber } from "./endpoints.ts";
import type { Environment } from "./process-environment.ts";
import { startTemporaryPlatform, type TemporaryPlatform } from "./temporary-platform.ts";

const options = {
  seed: { type: "string", default: "1" },
  minutes: { type: "string", default: "5" },
  kills: { type: "string" },
  rate: { type: "string", default: "1500" },
  break: { type: "string" },
} as const;

const killsPerMinute = 12;
const appCount = 10;
const connections = 8;
/** The run ends when a batch is not acknowledged for this long. */
const batchDeadlineMs = 180_000;

interface Run {
  seed: number;
  durationMs: number;
  kills: number;
  /** Events a second, on average. */
  rate: number;
}

const usage = `Usage: npm run chaos -- [options]

  Starts a platform of its own, kills and pauses its processes under traffic, and looks for every event.
  --seed N      the same seed makes the same plan; default ${options.seed.default}
  --minutes M   minutes of faults; default ${options.minutes.default}
  --kills K     kills in all; default ${killsPerMinute} a minute
  --rate R      events a second; default ${options.rate.default}
  --break commit-before-insert  a fault that has to be found`;

await runProgram(usage, async () => {
  const { values } = parseArgs({ options });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 120)) throw new UserError("--minutes must be more than 0 and at most 120.");
  const kills = values.kills ?? String(Math.ceil(killsPerMinute * minutes));
  const run: Run = {
    seed: wholeNumber("seed", values.seed, { min: 0, max: 2 ** 31 }),
    durationMs: minutes * 60_000,
    kills: wholeNumber("kills", kills, { min: 0, max: 2000 }),
    rate: wholeNumber("rate", values.rate, { min: 1, max: 100_000 }),
  };
  console.log(`Starting a platform of its own; seed ${run.seed}, ${run.kills} kills in ${minutes} minutes …`);
  const platform = await startTemporaryPlatform("chaos", environment(values.break));
  let isAsPromised = false;
  try {
    const account = await registerDemo(platform.endpoints, appCount);
    await untilKeysWork(platform.endpoints.ingest, account.keys);
    const faults = await runAndCompare(platform, account, run);
    if (faults.length > 0) throw new UserError(`Not as promised: ${faults.join("; ")}.`);
    isAsPromised = true;
    console.log("Nothing lost, nothing twice, the books balance.");
  } finally {
    // The fault of the negative control is known, so nobody needs its logs.
    const keepLogs = !isAsPromised && values.break === undefined;
    await platform.stop({ keepLogs });
    if (keepLogs) console.log(`The logs of the processes are kept in ${platform.dataDir}`);
  }
});

/**
 * Selects embedded servers, even when a person or a test run has set others: those could not be signalled.
 */
function environment(broken: string | undefined): Environment {
  if (broken !== undefined && broken !== "commit-before-insert") {
    throw new UserError(`--break knows commit-before-insert, not ${broken}.`);
  }
  const given = Object.keys(process.env).filter((name) => name.startsWith("KAFKA_"));
  const external = ["DATABASE_URL", "CLICKHOUSE_URL", ...given];
  const hook = new URL("chaos/commit-before-insert.ts", import.meta.url).href;
  return {
    ...Object.fromEntries(external.map((name) => [name, undefined])),
    MOSIS_STACK: "embedded",
    // Many small inserts give more moments between an insert and its commit.
    WRITER_FETCH_WAIT_MS: "100",
    ...(broken === undefined ? {} : { NODE_OPTIONS: `--import ${hook}` }),
  };
}

/** @returns what is wrong, in words. */
async function runAndCompare(platform: TemporaryPlatform, account: DemoAccount, run: Run): Promise<string[]> {
  const ledger = createLedger();
  const batches: NumberedBatch[] = [];
  const startedAt = performance.now();
  const done = await breakWhileSending({ platform, account, run, ledger, batches });
  const seconds = (performance.now() - startedAt) / 1000;

  const { endpoints } = platform;
  const log = createLogger({ service: "chaos", level: "error" });
  const kafka = { ...readKafka(endpoints.kafkaVariables), clientId: "chaos", topicPrefix: "", log };
  const store = openClickHouse({ url: endpoints.clickhouse, log, requestTimeoutMs: 60_000 });
  try {
    const appIds = account.apps.map((app) => app.id);
    await untilSettled({ kafka, store, appIds, ledger });
    const comparison = await compareEvents(store, appIds, ledger, batches);
    const books = await balance(store, appIds, ledger);
    printFaults(done);
    printAttempts(ledger, seconds);
    printBooks(books, sum([...ledger.entries.values()].map((entry) => entry.acknowledged)));
    const faults = printComparison(comparison);
    if (books.faults.length > 0) faults.push("the books do not balance");
    return faults;
  } finally {
    await store.close();
  }
}

/** Returns when every fault is over and every batch that was begun is acknowledged. */
async function breakWhileSending(options: {
  platform: TemporaryPlatform;
  account: DemoAccount;
  run: Run;
  ledger: Ledger;
  batches: NumberedBatch[];
}): Promise<Done> {
  const { platform, account, run, ledger, batches } = options;
  const { seed, durationMs, rate } = run;
  const over = new AbortController();
  const traffic = numberedTraffic({
    seed,
    apps: appCount,
    // The traffic ends with the faults; this is only an upper bound.
    events: Math.ceil((3 * rate * durationMs) / 1000),
    nowMs: Date.now(),
    isOver: () => over.signal.aborted,
    onPlanned: (batch) => void batches.push(batch),
  });
  const sending = sendAll(traffic, ledger, {
    endpoint: platform.endpoints.ingest,
    keys: account.keys,
    connections,
    eventsPerSecondMax: rate,
    deadlineMs: batchDeadlineMs,
    onAcknowledged: () => {},
  });
  // Nothing can be tested without traffic; the reason is thrown below.
  sending.catch(() => over.abort());
  const startedAt = performance.now();
  const say = (text: string) =>
    console.log(`  ${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  try {
    return await carryOut(planFaults(run), {
      platform,
      giveUpAt: startedAt + durationMs,
      signal: over.signal,
      say,
    });
  } finally {
    over.abort();
    await sending;
  }
}
