import { chmodSync, chownSync, mkdirSync, rmSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeServerConfig } from "./clickhouse-config.ts";
import { freePorts } from "./ports.ts";
import { readPasswords } from "./passwords.ts";
import { type Server, serverStopTimeoutMs, startServer } from "./server.ts";
import { letPass, type User, unprivilegedUser, viewOf } from "./unprivileged.ts";

/** The administrator of `infra/clickhouse/users.d/mosis.xml`. */
export const administrator = "mosis_admin";

/**
 * Starts the real ClickHouse server (HTTP and native protocol) on 127.0.0.1 with its data and its log below
 * `dataDir/clickhouse` and the configuration of `infra/clickhouse`.
 */
export async function startClickHouse(options: {
  dataDir: string;
  httpPort: number;
  tcpPort: number;
  /** The ports where ClickHouse itself listens, behind its shield. Default: any free ports. */
  inner?: InnerPorts;
}): Promise<Server> {
  const { dataDir, httpPort, tcpPort, inner = await freeInnerPorts() } = options;
  const home = join(dataDir, "clickhouse");
  const passwords = readPasswords(dataDir);
  const user = unprivilegedUser(["clickhouse", "nobody"]);
  letPass(dataDir);
  makeHome(home, user);
  writeServerConfig({ home, user, passwords });
  const host = fileURLToPath(import.meta.resolve("./clickhouse-host.ts"));
  const ids = user ? [String(user.uid), String(user.gid)] : [];
  const ping = `http://127.0.0.1:${httpPort}/ping`;
  const server = await startServer({
    name: "ClickHouse",
    url: `http://${administrator}:${passwords[administrator]}@127.0.0.1:${httpPort}`,
    ...viewOf([home]).wrap({
      command: process.execPath,
      args: [host, ...[httpPort, tcpPort, inner.httpPort, inner.tcpPort].map(String), ...ids],
    }),
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
  // ClickHouse has read its configuration and never reads it again, so nobody can make it open what it may
  // not.
  rmSync(join(home, "config"), { recursive: true });
  return server;
}

/** Ports of 127.0.0.1. A client that connects to them must make no mistake: see `http-shield.ts`. */
export interface InnerPorts {
  httpPort: number;
  tcpPort: number;
}

export async function freeInnerPorts(): Promise<InnerPorts> {
  const [httpPort = 0, tcpPort = 0] = await freePorts(2);
  return { httpPort, tcpPort };
}

/** Makes the folder: the server may write its data and its log, and only read the rest. */
function makeHome(home: string, user: User | null): void {
  mkdirSync(home, { recursive: true });
  if (user) chownSync(home, 0, user.gid);
  chmodSync(home, user ? 0o750 : 0o700);
  for (const name of ["data", "logs"]) {
    const folder = join(home, name);
    mkdirSync(folder, { recursive: true });
    // Data that belongs to root was written by an earlier version.
    if (user && statSync(folder).uid !== user.uid) {
      execFileSync("chown", ["-R", `${user.uid}:${user.gid}`, folder]);
    }
    chmodSync(folder, 0o700);
  }
}
