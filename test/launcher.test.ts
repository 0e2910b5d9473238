// Runs the two commands as a person does, with a data folder and ports of their own beside the run's servers.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { freePorts } from "@mosis/devstack";
import type { Endpoints } from "../infra/local/endpoints.ts";
import { untilEqual } from "./platform.ts";
import { assertOwnSecretsOnly, givenToLauncher, showsEnvironments } from "./process-secrets.ts";

const startScript = join(import.meta.dirname, "../infra/local/start.mjs");

test("npm start runs the whole platform", async (t) => {
  const copy = await newCopy(t, givenToLauncher);
  const first = copy.start();
  await first.untilPrinted(/^Ready after /m);

  await t.test("says where everything is, and reports itself as its first app", async () => {
    const endpoints = endpointsIn(copy.dataDir);
    const names = "catalog ingest query postgres clickhouse kafka kafkaVariables analyst";
    assert.equal(Object.keys(endpoints).join(" "), names);
    const services = `select arraySort(groupUniqArray(properties['service'])) from mosis.events
      where package_id = 'dev.mosis.platform' and name = 'process.started' format TSV`;
    const catalog = "'catalog-api','catalog-relay','catalog-webhooks'";
    const all = `[${catalog},'telemetry-ingest','telemetry-query','telemetry-writer']\n`;
    await untilEqual(() => ask(endpoints.clickhouse, services), all);
  });

  // INVARIANT 70
  await t.test("gives each process its own secrets alone, and what a person has set for it", (t) => {
    if (!showsEnvironments) return t.skip("this system has no /proc");
    assertOwnSecretsOnly(copy.processes(), copy.dataDir);
  });

  await t.test("runs SQL as the analyst", () => assertAnalystAsks(copy.dataDir, first.output()));

  await t.test("refuses a second copy on its data or its ports in one line", async () => {
    const second = copy.start();
    assert.equal(await second.exitCode, 1);
    assert.match(second.errors(), /^The platform is running already with its data in .*\.\n$/);
    const third = (await newCopy(t, { CATALOG_PORT: copy.env["CATALOG_PORT"] as string })).start();
    assert.equal(await third.exitCode, 1);
    assert.match(third.errors(), /^Port \d+ is in use: .* set CATALOG_PORT to another port\.\n$/);
  });

  // INVARIANT 2
  await t.test("brings back a service and a server that were killed", async () => {
    for (const name of ["query", "kafka"]) {
      const { [name]: pid = 0 } = copy.processes();
      process.kill(pid, "SIGKILL");
      const isBack = () => copy.processes()[name] !== pid;
      await untilEqual(async () => isBack(), true);
    }
  });

  await t.test("ends with its data kept and no process left, on SIGTERM", async () => {
    const pids = Object.values(copy.processes());
    first.child.kill("SIGTERM");
    assert.equal(await first.exitCode, 0);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.equal(existsSync(join(copy.dataDir, "endpoints.json")), false);
  });

  await t.test(
    "starts again on the same data, and leaves no orphan after kill -9 of the launcher",
    async () => {
      const again = copy.start();
      await again.untilPrinted(/^Ready after /m);
      const { clickhouse } = endpointsIn(copy.dataDir);
      const starts = `select count() from mosis.events
      where package_id = 'dev.mosis.platform' and name = 'process.started' format TSV`;
      assert.ok(Number(await ask(clickhouse, starts)) >= 6, "events of the first run are gone");
      const pids = Object.values(copy.processes());
      again.child.kill("SIGKILL");
      await untilEqual(async () => pids.filter(isAlive), []);
    },
  );
});

test("a missing prerequisite is one line that says what to install", async (t) => {
  const noJava = (await newCopy(t, { PATH: join(process.execPath, "..") })).start();
  assert.equal(await noJava.exitCode, 1);
  assert.match(noJava.errors(), /^Java is missing: install .* 17 or newer, or use Docker .*\n$/);
  const tools = await mkdtemp(join(tmpdir(), "mosis-tools-"));
  t.after(() => rm(tools, { recursive: true }));
  await symlink(execFileSync("which", ["java"], { encoding: "utf8" }).trim(), join(tools, "java"));
  const noMaven = (await newCopy(t, { PATH: tools, MOSIS_CACHE_DIR: tools })).start();
  assert.equal(await noMaven.exitCode, 1);
  assert.match(noMaven.errors(), /^Maven is missing: install it .* or use Docker .*\n$/);
  const half = (await newCopy(t, { DATABASE_URL: "postgres://127.0.0.1/mosis" })).start();
  assert.equal(await half.exitCode, 1);
  assert.match(half.errors(), /go together: set CLICKHOUSE_URL and KAFKA_BROKERS, or none\.\n$/);
  const badPort = (await newCopy(t, { QUERY_PORT: "http" })).start();
  assert.equal(await badPort.exitCode, 1);
  assert.match(badPort.errors(), /QUERY_PORT must be a whole number/);
  const inward = await newCopy(t);
  inward.env["WEBHOOK_ALLOWED_TARGETS"] = `127.0.0.1:${inward.env["CLICKHOUSE_TCP_PORT"]}`;
  const allowing = inward.start();
  assert.equal(await allowing.exitCode, 1);
  assert.match(allowing.errors(), /WEBHOOK_ALLOWED_TARGETS names 127\.0\.0\.1:\d+, where a server/);
});

test("a port that is taken is named before anything is started", async (t) => {
  const holder = createServer().listen(0, "127.0.0.1");
  t.after(() => holder.close());
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  const copy = (await newCopy(t, { KAFKA_PORT: String(port) })).start();
  assert.equal(await copy.exitCode, 1);
  assert.match(
    copy.errors(),
    new RegExp(`^Port ${port} is in use: .* set KAFKA_PORT to another port\\.\\n$`),
  );
});

const portVariables = [
  "CATALOG_PORT",
  "INGEST_PORT",
  "QUERY_PORT",
  "POSTGRES_PORT",
  "CLICKHOUSE_HTTP_PORT",
  "CLICKHOUSE_TCP_PORT",
  "KAFKA_PORT",
];

/** Makes a separate data folder and ports, as a person sets them to run two copies side by side. */
async function newCopy(t: TestContext, changes: Record<string, string> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "mosis-launcher-"));
  const ports = await freePorts(portVariables.length);
  const { DATABASE_URL: _a, CLICKHOUSE_URL: _b, KAFKA_BROKERS: _c, ...inherited } = process.env;
  const env: Record<string, string | undefined> = {
    ...inherited,
    ...Object.fromEntries(portVariables.map((name, index) => [name, String(ports[index])])),
    MOSIS_DATA_DIR: dataDir,
    ...changes,
  };
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await untilEqual(async () => pidsIn(dataDir).filter(isAlive), []);
    await rm(dataDir, { recursive: true, force: true });
  });
  return {
    dataDir,
    env,
    processes: () => processesIn(dataDir),
    start() {
      const child = spawn(process.execPath, [startScript], { env, stdio: ["ignore", "pipe", "pipe"] });
      children.push(child);
      return watch(child);
    },
  };
}

function watch(child: ChildProcess) {
  const text = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (text.err += chunk.toString()));
  const exitCode = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  let over = false;
  void exitCode.then(() => (over = true));
  return {
    child,
    exitCode,
    output: () => text.out,
    errors: () => text.err,
    async untilPrinted(pattern: RegExp) {
      await untilEqual(async () => over || pattern.test(text.out), true, { timeoutMs: 120_000 });
      assert.match(text.out, pattern, text.err);
    },
  };
}

async function assertAnalystAsks(dataDir: string, printed: string): Promise<void> {
  assert.doesNotMatch(printed, /mosis_admin|:[0-9a-f]{32}@/, "no login is printed");
  assert.equal(statSync(join(dataDir, "endpoints.json")).mode & 0o077, 0);
  const user = await runSql(dataDir, "select currentUser() as user format TSV");
  assert.deepEqual(user, { exitCode: 0, out: "mosis_analyst\n", err: "" });
  const refused = await runSql(dataDir, "select install_id from mosis.events");
  assert.equal(refused.exitCode, 1);
  assert.match(refused.err, /Not enough privileges/);
}

async function runSql(dataDir: string, statement: string) {
  const program = join(import.meta.dirname, "../infra/local/sql.ts");
  const child = spawn(process.execPath, [program, statement], {
    env: { ...process.env, MOSIS_DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const watched = watch(child);
  const exitCode = await watched.exitCode;
  return { exitCode, out: watched.output(), err: watched.errors() };
}

function endpointsIn(dataDir: string): Endpoints {
  return JSON.parse(readFileSync(join(dataDir, "endpoints.json"), "utf8")) as Endpoints;
}

function processesIn(dataDir: string): Record<string, number> {
  return JSON.parse(readFileSync(join(dataDir, "processes.json"), "utf8")) as Record<string, number>;
}

function pidsIn(dataDir: string): number[] {
  return existsSync(join(dataDir, "processes.json")) ? Object.values(processesIn(dataDir)) : [];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ask(clickhouse: string, query: string): Promise<string> {
  const { origin, username, password } = new URL(clickhouse);
  const headers = { "x-clickhouse-user": username, "x-clickhouse-key": password };
  const answer = await fetch(origin, { method: "POST", headers, body: query });
  return answer.text();
}
