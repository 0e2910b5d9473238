// `catalog` measures a seeded catalog at its full volume, in PostgreSQL and over HTTP, and the same questions
// as people write them who do not look at the plan.
import { execute, openSession, sql } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { isEmpty, planSeed, seedCatalog } from "../infra/local/seed/seed-catalog.ts";
import type { AskOrder } from "./catalog/ask.ts";
import { measure, type Measured } from "./catalog/measure.ts";
import { withServer } from "./catalog/server-process.ts";
import type { StatementName } from "./catalog/statements.ts";
import { makeWorkload, type Workload } from "./catalog/workload.ts";
import { keyCheckUs } from "./key-check.ts";
import { apiDatabase, type Platform } from "./platform.ts";
import type { Figures, Outcome } from "./report.ts";

/** The volume of the database selection. */
const sizes = { developers: 10_000, apps: 100_000, versions: 500_000, keys: 50_000 };
const seed = 1;
const connections = 16;
/** The obvious statements take up to a second each. */
const obviousSecondsMax = 10;
const obviousItems = 32;

/** Raises the limits that the api would otherwise enforce against a benchmark. */
export const catalogEnvironment = {
  CATALOG_READS_PER_MINUTE: "10000000",
  CATALOG_PUBLIC_READS_PER_MINUTE: "10000000",
};

interface Run {
  platform: Platform;
  workload: Workload;
  seconds: number;
}

export async function benchCatalog(platform: Platform, { seconds }: { seconds: number }): Promise<Outcome> {
  const plan = planSeed(seed, sizes);
  const seededInSeconds = await fill(platform, plan);
  const run = { platform, workload: makeWorkload(plan, sizes, seed), seconds };
  const requests = requestsOf(run.workload);
  console.log("The api is compiled …");
  for (const some of Object.values(requests)) await request({ ...run, seconds: 1 }, some);
  const apps = await request(run, requests.app_with_latest_version);
  const overHttp = {
    app_with_latest_version: apps,
    bare: await requestBare(run, apps.offeredPerSecond),
    own_app_with_latest_version: await request(run, requests.own_app_with_latest_version),
    apps_of_developer: await request(run, requests.apps_of_developer),
    developer_by_key: await request(run, requests.developer_by_key),
    search: await request(run, requests.search),
  };
  // PostgreSQL is asked at the rate at which the api asked it. For apps that is less than the api was asked,
  // because it looks up several at once. Signing in looks up an address, which nobody does more often than
  // asking who is signed in.
  const { emails, packageIds, developers, searches } = run.workload;
  const asked = (name: keyof typeof overHttp) => overHttp[name].offeredPerSecond;
  const appsPerSecond = apps.statementsPerSecond ?? apps.offeredPerSecond;
  const inDatabase = {
    developer_by_email: await query(run, "developer_by_email", emails, asked("developer_by_key")),
    app_with_latest_version: await query(run, "app_with_latest_version", packageIds, appsPerSecond),
    bare: await query(run, "bare", ["1"], appsPerSecond),
    apps_of_developer: await query(run, "apps_of_developer", developers, asked("apps_of_developer")),
    search: await query(run, "search", searches, asked("search")),
  };
  const obvious = await askObviously(run);
  console.log("A key's check …");
  const secrets = run.workload.keyed.map(({ secret }) => secret);
  const keyCheck = await keyCheckUs({ platform, secrets, seconds: 1 });
  const told = { database: inDatabase, http: overHttp, obvious };
  return {
    figures: {
      ...promised({ inDatabase, overHttp, obvious, keyCheck: keyCheck.median }),
      ...(seededInSeconds === null ? {} : { seeded_in_seconds: seededInSeconds }),
      ...Object.fromEntries(Object.entries(told).map(([name, group]) => [name, figuresOf(group)])),
    },
    broken: brokenOf({ ...inDatabase, ...overHttp }),
  };
}

function requestsOf({ packageIds, keyed, searches }: Workload) {
  return {
    app_with_latest_version: packageIds.map((id) => ({ path: `/v1/store/apps/${id}` })),
    own_app_with_latest_version: keyed.map(({ packageId, secret }) => ({
      path: `/v1/apps/${packageId}`,
      key: secret,
    })),
    apps_of_developer: keyed.map(({ secret }) => ({ path: "/v1/apps?limit=50", key: secret })),
    developer_by_key: keyed.map(({ secret }) => ({ path: "/v1/developers/me", key: secret })),
    search: searches.map((text) => ({ path: `/v1/search/apps?q=${encodeURIComponent(text)}` })),
  };
}

/** Runs the questions for which there is an obvious statement, written without looking at the plan. */
async function askObviously({ workload, ...run }: Run) {
  const short = { ...run, workload, seconds: Math.min(run.seconds, obviousSecondsMax) };
  const ask = (name: StatementName, items: readonly string[]) =>
    query(short, name, items.slice(0, obviousItems));
  return {
    app_with_latest_version: await ask("obvious_app_with_latest_version", workload.packageIds),
    apps_of_developer: await ask("obvious_apps_of_developer", workload.developers),
    search: await ask("obvious_search", workload.searches),
  };
}

/**
 * @returns null when the catalog is not empty: with another seed, the rows that are asked for do not exist.
 */
async function fill({ endpoints }: Platform, plan: ReturnType<typeof planSeed>): Promise<number | null> {
  const log = createLogger({ service: "bench", level: "warn" });
  const timeouts = { connectTimeoutMs: 10_000, statementTimeoutMs: 600_000 };
  const session = await openSession({ url: endpoints.postgres, name: "seed", log, ...timeouts });
  try {
    if (!(await isEmpty(session))) return null;
    console.log("Seeding …");
    const startedAt = performance.now();
    await seedCatalog(session, plan);
    const seconds = (performance.now() - startedAt) / 1000;
    // Writes to the disk must not disturb the measurement.
    await execute(session, sql`checkpoint`);
    return seconds;
  } finally {
    await session.close();
  }
}

/**
 * Connects as the api's role, behind its policies; the obvious statements run as the owner, without policies.
 */
function query(
  { platform, seconds }: Run,
  name: StatementName,
  items: readonly string[],
  perSecond?: number,
): Promise<Measured> {
  console.log(`PostgreSQL: ${name} …`);
  const url = name.startsWith("obvious_") ? platform.endpoints.postgres : apiDatabase(platform);
  const processes = { postgres: platform.processes["postgres"] ?? 0 };
  const rate = perSecond === undefined ? {} : { perSecond };
  return measure({ url, connections, seconds, ...rate, statement: { name, items }, processes });
}

function request({ platform, seconds }: Run, requests: AskOrder["requests"] & object): Promise<Measured> {
  console.log(`HTTP: ${requests[0]?.path} …`);
  const { catalog = 0, postgres = 0 } = platform.processes;
  const processes = { api: catalog, postgres };
  return measure({
    url: platform.endpoints.catalog,
    connections,
    seconds,
    halfBusy: "api",
    requests,
    processes,
  });
}

/** Measures a server that does nothing but answer, on this machine in these minutes. */
function requestBare({ seconds }: Run, perSecond: number): Promise<Measured> {
  console.log("HTTP: a server that only answers …");
  const order = { connections, seconds, perSecond, requests: [{ path: "/" }] };
  return withServer("bare.ts", [], (server) => measure({ ...order, ...server }));
}

type Group = Record<string, Measured>;

function promised({
  inDatabase,
  overHttp,
  obvious,
  keyCheck,
}: {
  inDatabase: Group;
  overHttp: Group;
  obvious: Group;
  keyCheck: number;
}): Figures {
  const p99 = (group: Group, name: string) => group[name]?.p99Ms ?? 0;
  const times = (name: string) =>
    (obvious[name]?.cpuUs["postgres"] ?? 0) / (inDatabase[name]?.cpuUs["postgres"] ?? 0);
  return {
    developer_by_email_db_ms_p99: p99(inDatabase, "developer_by_email"),
    app_db_ms_p99: p99(inDatabase, "app_with_latest_version"),
    apps_of_developer_db_ms_p99: p99(inDatabase, "apps_of_developer"),
    search_db_ms_p99: p99(inDatabase, "search"),
    app_http_ms_p99: p99(overHttp, "app_with_latest_version"),
    apps_of_developer_http_ms_p99: p99(overHttp, "apps_of_developer"),
    search_http_ms_p99: p99(overHttp, "search"),
    bare_db_ms_p99: p99(inDatabase, "bare"),
    bare_http_ms_p99: p99(overHttp, "bare"),
    key_check_cpu_us: keyCheck,
    app_per_api_cpu_second: 1e6 / (overHttp["app_with_latest_version"]?.cpuUs["api"] ?? 0),
    app_times_less_cpu_than_obvious: times("app_with_latest_version"),
    apps_of_developer_times_less_cpu_than_obvious: times("apps_of_developer"),
    search_times_less_cpu_than_obvious: times("search"),
  };
}

function figuresOf(group: Group): Figures {
  return Object.fromEntries(Object.entries(group).map(([name, { figures }]) => [name, figures]));
}

/** Returns what is broken: everything that is asked for must exist, and no request may be refused. */
function brokenOf(group: Group): string[] {
  return Object.entries(group).flatMap(([name, { figures }]) =>
    figures["other_answers"] === undefined
      ? []
      : [`${name} was answered otherwise than 200: ${JSON.stringify(figures["other_answers"])}`],
  );
}
