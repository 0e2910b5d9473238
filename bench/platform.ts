// The platform a benchmark runs against: its own in a temporary folder, or one that runs already.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "@mosis/devstack";
import { type Endpoints, readEndpoints, requireReady, UserError } from "../infra/local/endpoints.ts";

export interface Platform {
  endpoints: Endpoints;
  dataDir: string;
  /** Process ids by name: the services, and the servers that are ours. */
  processes: Record<string, number>;
  stop(): Promise<void>;
}

const portNames = [
  ...["CATALOG_PORT", "INGEST_PORT", "QUERY_PORT", "RELAY_PORT", "WRITER_PORT"],
  ...["POSTGRES_PORT", "CLICKHOUSE_HTTP_PORT", "CLICKHOUSE_TCP_PORT", "KAFKA_PORT", "KAFKA_CONTROLLER_PORT"],
];
const startTimeoutMs = 180_000;

/** @param endpointsFile of a running platform; without it, one is started and taken away again by `stop`. */
export async function openPlatform(endpointsFile: string | undefined): Promise<Platform> {
  if (endpointsFile === undefined) return startPlatform();
  const endpoints = readEndpoints(endpointsFile);
  await requireReady(endpoints);
  const dataDir = dirname(endpointsFile);
  return { endpoints, dataDir, processes: readProcesses(dataDir), stop: async () => {} };
}

async function startPlatform(): Promise<Platform> {
  const dataDir = mkdtempSync(join(tmpdir(), "mosis-bench-"));
  const logFile = join(dataDir, "start.log");
  const log = openSync(logFile, "w");
  const ports = await freePorts(portNames.length);
  const env = {
    ...process.env,
    ...Object.fromEntries(portNames.map((name, index) => [name, String(ports[index])])),
    MOSIS_DATA_DIR: dataDir,
    MOSIS_SELF_TELEMETRY: "off",
  };
  const start = join(import.meta.dirname, "../infra/local/start.mjs");
  const child = spawn(process.execPath, [start], { env, stdio: ["ignore", log, log] });
  const stop = async () => {
    await end(child);
    rmSync(dataDir, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  }
  try {
    const endpoints = await untilReady(child, dataDir);
    return { endpoints, dataDir, processes: readProcesses(dataDir), stop };
  } catch (error) {
    const tail = readFileSync(logFile, "utf8").split("\n").slice(-20).join("\n");
    await stop();
    throw new UserError(`The platform did not start: ${String(error)}\n${tail}`);
  }
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

function readProcesses(dataDir: string): Record<string, number> {
  return JSON.parse(readFileSync(join(dataDir, "processes.json"), "utf8")) as Record<string, number>;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}
