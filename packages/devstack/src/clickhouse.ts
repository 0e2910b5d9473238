import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeServerConfig } from "./clickhouse-config.ts";
import { readPasswords } from "./passwords.ts";
import { type Server, serverStopTimeoutMs, startServer } from "./server.ts";

/** The administrator of `infra/clickhouse/users.d/mosis.xml`. */
export const administrator = "mosis_admin";

/**
 * Starts the real ClickHouse server (HTTP and native protocol) on 127.0.0.1 with its data below
 * `dataDir/clickhouse` and the configuration of `infra/clickhouse`.
 */
export async function startClickHouse(options: {
  dataDir: string;
  httpPort: number;
  tcpPort: number;
}): Promise<Server> {
  const { dataDir, httpPort, tcpPort } = options;
  const home = join(dataDir, "clickhouse");
  const logFile = join(dataDir, "logs", "clickhouse.log");
  mkdirSync(home, { recursive: true });
  const passwords = readPasswords(dataDir);
  const configFile = writeServerConfig({ home, logFile, passwords });
  const host = fileURLToPath(import.meta.resolve("./clickhouse-host.ts"));
  const ping = `http://127.0.0.1:${httpPort}/ping`;
  return startServer({
    name: "ClickHouse",
    url: `http://${administrator}:${passwords[administrator]}@127.0.0.1:${httpPort}`,
    command: process.execPath,
    args: [host, join(home, "data"), configFile, String(httpPort), String(tcpPort)],
    cwd: home,
    env: {},
    logFile: join(dataDir, "logs", "clickhouse-host.log"),
    stopBy: "stdin",
    stopTimeoutMs: serverStopTimeoutMs,
    isReady: () =>
      fetch(ping).then(
        (answer) => answer.ok,
        () => false,
      ),
    readyTimeoutMs: 60_000,
  });
}
