// `npm run demo` runs a developer, 20 apps and their users against the running platform, and compares the
// books of both sides.
import { parseArgs } from "node:util";
import { openClickHouse } from "@mosis/clickhouse";
import { createLogger } from "@mosis/runtime";
import { registerDemo, untilKeysWork } from "./demo/account.ts";
import { balance } from "./demo/books.ts";
import { createLedger, sum } from "./demo/ledger.ts";
import { Progress } from "./demo/progress.ts";
import { printAttempts, printAudit, printBooks, printEventsByDay, printFreshness } from "./demo/report.ts";
import { sendAll, type SendOptions } from "./demo/sender.ts";
import { planTraffic } from "./demo/traffic.ts";
import { watchFreshness } from "./demo/watch.ts";
import { untilStored } from "./demo/until-stored.ts";
import { readEndpoints, requireReady, runProgram, UserError, wholeNumber } from "./endpoints.ts";

const options = {
  endpoints: { type: "string" },
  events: { type: "string", default: "200000" },
  apps: { type: "string", default: "20" },
  connections: { type: "string", default: "8" },
  rate: { type: "string" },
  seed: { type: "string", default: String(Date.now() % 1_000_000) },
} as const;

/** The longest time that the platform may be down in the middle of the run before the demo gives up. */
const deadlineMs = 120_000;

const usage = `Usage: npm run demo -- [options]

  Sends lifelike traffic to the running platform and compares the books of both sides.
  --events N        events to send; default ${options.events.default}
  --apps N          apps that send, at most 20, the default
  --connections N   connections of the senders; default ${options.connections.default}
  --rate N          the most events a second; default as many as the platform takes
  --seed N          the same seed makes the same traffic; default another one each time
  --endpoints FILE  endpoints.json of the platform; default .mosis/endpoints.json`;

await runProgram(usage, async () => {
  const { values } = parseArgs({ options });
  const events = wholeNumber("events", values.events, { min: 1, max: 100_000_000 });
  const appCount = wholeNumber("apps", values.apps, { min: 1, max: 20 });
  const seed = wholeNumber("seed", values.seed, { min: 0, max: 2 ** 31 });
  const endpoints = readEndpoints(values.endpoints);
  await requireReady(endpoints);

  const account = await registerDemo(endpoints, appCount);
  const learnedMs = await untilKeysWork(endpoints.ingest, account.keys);
  console.log(`Registered ${account.email} with ${appCount} apps and ${appCount + 1} keys.`);
  console.log(`Ingest knew the last key ${Math.round(learnedMs)} ms after the catalog had answered.\n`);

  const log = createLogger({ service: "demo", level: "warn" });
  const store = openClickHouse({ url: endpoints.clickhouse, log, requestTimeoutMs: 60_000 });
  const ledger = createLedger();
  const progress = new Progress("Sending", events);
  const sendOptions: SendOptions = {
    endpoint: endpoints.ingest,
    keys: account.keys,
    connections: wholeNumber("connections", values.connections, { min: 1, max: 256 }),
    eventsPerSecondMax: values.rate
      ? wholeNumber("rate", values.rate, { min: 1, max: 10_000_000 })
      : Infinity,
    deadlineMs,
    onAcknowledged: (count) => progress.add(count),
  };
  const freshness = watchFreshness({ store, account, ledger, sendOptions });
  const startedAt = performance.now();
  await sendAll(planTraffic({ seed, apps: appCount, events, nowMs: Date.now() }), ledger, sendOptions);
  const seconds = (performance.now() - startedAt) / 1000;
  progress.end();
  const freshnessMs = await freshness.stop();

  const appIds = account.apps.map((app) => app.id);
  await untilStored({ store, query: account.query, appIds, ledger, deadlineMs });
  const books = await balance(store, appIds, ledger);

  await printEventsByDay(store, account.apps);
  await printAudit(store, account);
  printAttempts(ledger, seconds);
  printFreshness(freshnessMs);
  printBooks(books, sum([...ledger.entries.values()].map((entry) => entry.acknowledged)));
  await store.close();
  if (books.faults.length > 0) throw new UserError("The books do not balance.");
});
