// Starts a separate platform in a temporary folder on free ports, as a person starts it, for programs that
// measure or break it.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "@mosis/devstack";
import { type Endpoints, readEndpoints, requireReady, UserError } from "./endpoints.ts";
import type { Environment } from "./process-environment.ts";

export interface TemporaryPlatform {
  endpoints: Endpoints;
  dataDir: string;
  /** Returns the current process ids by name: the services, and the servers that are ours. */
  processes(): Record<string, number>;
  /** Ends the platform and removes the folder, or everything in it except the logs. */
  stop(options?: { keepLogs: boolean }): Promise<void>;
}

const portNames = [
  "CATALOG_PORT",
  "INGEST_PORT",
  "QUERY_PORT",
  "RELAY_PORT",
  "WEBHOOKS_PORT",
  "WRITER_PORT",
  "POSTGRES_PORT",
  "CLICKHOUSE_HTTP_PORT",
  "CLICKHOUSE_TCP_PORT",
  "KAFKA_PORT",
  "KAFKA_CONTROLLER_PORT",
];
const startTimeoutMs = 180_000;

/**
 * Starts a platform and waits until it is ready.
 * @param name becomes part of the folder's name.
 * @param changes of the environment; undefined removes a variable.
 * @throws UserError with the end of what it printed.
 */
export async function startTemporaryPlatform(
  name: string,
  changes: Environment = {},
): Promise<TemporaryPlatform> {
  const dataDir = mkdtempSync(join(tmpdir(), `mosis-${name}-`));
  const logFile = join(dataDir, "start.log");
  const log = openSync(logFile, "w", 0o600);
  const ports = await freePorts(portNames.length);
  const env = {
    ...process.env,
    ...Object.fromEntries(portNames.map((port, index) => [port, String(ports[index])])),
    MOSIS_DATA_DIR: dataDir,
    MOSIS_SELF_TELEMETRY: "off",
    ...changes,
  };
  const start = join(import.meta.dirname, "start.mjs");
  const child = spawn(process.execPath, [start], { env, stdio: ["ignore", log, log] });
  const stop = async ({ keepLogs } = { keepLogs: false }) => {
    await end(child);
    const ofClickHouse = join(dataDir, "clickhouse", "logs");
    if (keepLogs && existsSync(ofClickHouse)) renameSync(ofClickHouse, join(dataDir, "logs", "clickhouse"));
    for (const name of readdirSync(dataDir)) {
      const isLog = name === "logs" || name === "start.log";
      if (!(keepLogs && isLog)) rmSync(join(dataDir, name), { recursive: true, force: true });
    }
    if (!keepLogs) rmSync(dataDir, { recursive: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  }
  try {
    const endpoints = await untilReady(child, dataDir);
    return { endpoints, dataDir, processes: () => readProcesses(dataDir), stop };
  } catch (error) {
    const tail = readFileSync(logFile, "utf8").split("\n").slice(-20).join("\n");
    await stop();
    throw new UserError(`The platform did not start: ${String(error)}\n${tail}`);
  }
}

/** Returns the process ids by name of the platform that keeps its data in the folder. */
export function readProcesses(dataDir: string): Record<string, number> {
  return JSON.parse(readFileSync(join(dataDir, "processes.json"), "utf8")) as Record<string, number>;
}

async function untilReady(child: ChildProcess, dataDir: string): Promise<Endpoints> {
  const giveUpAt = performance.now() + startTimeoutMs;
  const file = join(dataDir, "endpoints.json");
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`npm start ended with code ${child.exitCode}`);
    if (performance.now() > giveUpAt) throw new Error(`not ready after ${startTimeoutMs / 1000} s`);
    await sleep(200);
  }
  const endpoints = readEndpoints(file);
  await requireReady(endpoints);
  return endpoints;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}
