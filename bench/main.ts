// `npm run bench -- NAME [--seconds S] [--rate R] [--json FILE] [--endpoints FILE]`. README.md says
// what each name measures.
import { parseArgs } from "node:util";
import { runProgram, UserError, wholeNumber } from "../infra/local/endpoints.ts";
import type { Environment } from "../infra/local/process-environment.ts";
import { anonymousEnvironment, benchAnonymous } from "./anonymous.ts";
import { benchBytes } from "./bytes.ts";
import { benchConnections } from "./connections.ts";
import { benchCatalog, catalogEnvironment } from "./catalog.ts";
import { benchIngest, perCpuSecondOfIngest } from "./ingest.ts";
import { benchKeyCheck } from "./key-check.ts";
import { benchNaive } from "./naive.ts";
import { benchOverload } from "./overload.ts";
import { benchOtlp } from "./otlp.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { makeReport, type Outcome, publish } from "./report.ts";
import { benchSustained } from "./sustained.ts";

interface Bench {
  /** The default duration of the measurement. */
  seconds: number;
  /** Variables of the platform that is started for it. */
  environment?: Environment;
  run(platform: Platform, options: RunOptions): Promise<Outcome>;
}

interface RunOptions {
  seconds: number;
  rows: number;
  /** The most events a second that are offered, where that can be chosen. */
  eventsPerSecondMax: number | undefined;
}

const connections = 64;
const hundred = { eventsPerRequest: 100, connections };

const benches: Record<string, Bench> = {
  ingest: {
    seconds: 60,
    run: (platform, options) =>
      benchIngest(platform, { ...hundred, ...options, promised: perCpuSecondOfIngest.events }),
  },
  "ingest-single": {
    seconds: 60,
    run: (platform, options) =>
      benchIngest(platform, {
        eventsPerRequest: 1,
        connections,
        ...options,
        promised: perCpuSecondOfIngest.requests,
      }),
  },
  "end-to-end": {
    seconds: 60,
    run: (platform, options) =>
      benchIngest(platform, {
        ...hundred,
        ...options,
        promised: ({ allCpuUs }) => ({ all_cpu_us_per_event: allCpuUs }),
      }),
  },
  otlp: {
    seconds: 20,
    run: (platform, options) => benchOtlp(platform, { eventsPerRequest: 100, connections: 32, ...options }),
  },
  naive: { seconds: 30, run: (platform, { seconds }) => benchNaive(platform, { ...hundred, seconds }) },
  bytes: { seconds: 0, run: (platform, { rows }) => benchBytes(platform, { rows }) },
  sustained: {
    seconds: 300,
    run: (platform, { seconds }) =>
      benchSustained(platform, { ...hundred, seconds, eventsPerSecondMax: 160_000 }),
  },
  catalog: {
    seconds: 15,
    environment: catalogEnvironment,
    run: (platform, { seconds }) => benchCatalog(platform, { seconds }),
  },
  "key-check": {
    seconds: 2,
    environment: catalogEnvironment,
    run: (platform, { seconds }) => benchKeyCheck(platform, { seconds }),
  },
  anonymous: { seconds: 0, environment: anonymousEnvironment, run: (platform) => benchAnonymous(platform) },
  overload: {
    seconds: 60,
    // All of its connections come from one address.
    environment: { INGEST_HTTP_CONNECTIONS_PER_ADDRESS_MAX: "4000" },
    run: (platform, { seconds }) => benchOverload(platform, { ...hundred, seconds }),
  },
  connections: { seconds: 20, run: (platform, { seconds }) => benchConnections(platform, { seconds }) },
};

const usage = `Usage: npm run bench -- ${Object.keys(benches).join("|")} [options]

  --seconds S       seconds that it measures
  --rate R          the most events a second that are offered, where that can be chosen
  --rows N          rows of bytes; default 10000000
  --json FILE       writes the report there, too
  --endpoints FILE  a running platform to measure; default one of its own
  bench/README.md says what each name measures.`;

await runProgram(usage, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      rate: { type: "string" },
      rows: { type: "string", default: "10000000" },
      json: { type: "string" },
      endpoints: { type: "string" },
    },
  });
  const [name = ""] = positionals;
  const bench = benches[name];
  if (!bench) throw new UserError(usage);
  const seconds =
    values.seconds === undefined
      ? bench.seconds
      : wholeNumber("seconds", values.seconds, { min: 1, max: 3600 });
  const eventsPerSecondMax =
    values.rate === undefined ? undefined : wholeNumber("rate", values.rate, { min: 100, max: 10_000_000 });
  const rows = wholeNumber("rows", values.rows, { min: 100_000, max: 1_000_000_000 });
  console.log(values.endpoints ? "Using the running platform." : "Starting a platform of its own …");
  const platform = await openPlatform(values.endpoints, bench.environment);
  try {
    const { figures, broken } = await bench.run(platform, { seconds, rows, eventsPerSecondMax });
    publish(makeReport(name, figures), values.json);
    if (broken.length > 0) throw new UserError(`\nBroken promises:\n  ${broken.join("\n  ")}`);
  } finally {
    await platform.stop();
  }
});
