// Runs the ClickHouse server as a process: libchdb contains the whole of `clickhouse local`, which can listen
// like a server. Its last query reads a pipe to the end, so the server lives exactly as long as this process
// holds the other end: until standard input ends (the process that started us has ended) or a signal asks. It
// runs in its own folder, the working directory, where `config/config.xml` is. Clients reach it through a
// shield in this process. Arguments: HTTP port, native port, the two ports behind the shield, and, when root
// has started us, the ids of the user and the group that the server must run as.
import { execFileSync } from "node:child_process";
import { chownSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DataType, load, open } from "ffi-rs";
import { shieldHttpPort } from "./http-shield.ts";
import { shieldNativePort } from "./native-shield.ts";

const [httpPort, tcpPort, innerHttpPort, innerTcpPort, uid = "", gid = ""] = process.argv.slice(2);

// This is a named pipe, because Node gives a child a socket as standard input, and ClickHouse cannot open
// that as a file.
const pipe = "alive";
rmSync(pipe, { force: true });
execFileSync("mkfifo", ["-m", "640", pipe]);
if (gid !== "") chownSync(pipe, 0, Number(gid));
// The pipe is opened both for reading and writing, so that opening does not wait for the other side.
let handle: number | null = openSync(pipe, "r+");
const end = () => {
  if (handle !== null) closeSync(handle);
  handle = null;
};
process.stdin.resume().on("end", end).on("error", end);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end);

open({ library: "chdb", path: libraryPath() });
if (uid !== "") becomeUser(Number(uid), Number(gid));
closeFileFunction();

const args = [
  "clickhouse",
  "--path=data",
  "--listen_host=127.0.0.1",
  `--http_port=${innerHttpPort}`,
  `--tcp_port=${innerTcpPort}`,
  "--config-file=config/config.xml",
  "--log-level=information",
  `--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP;
    SELECT count() FROM file('${pipe}', 'LineAsString')`,
];
await shieldHttpPort({ port: Number(httpPort), innerPort: Number(innerHttpPort) });
await shieldNativePort({
  port: Number(tcpPort),
  innerTcpPort: Number(innerTcpPort),
  innerHttpPort: Number(innerHttpPort),
});
// The call runs in its own thread: it returns when the server ends, and this thread has to see standard input
// end.
await load({
  library: "chdb",
  funcName: "chdb_query_cmdline",
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [args.length, args],
  runInNewThread: true,
});
process.exit(handle === null ? 0 : 1);

/**
 * Gives up root for good, with all of its capabilities. The library must be loaded before: it may lie below a
 * folder that only root may enter.
 */
function becomeUser(user: number, group: number): void {
  process.setgroups?.([group]);
  process.setgid?.(group);
  process.setuid?.(user);
}

/**
 * Disables the function `file`, which reads any file that the server may read, for every user: it checks no
 * grant, and `clickhouse local` has no `user_files` to restrict it. A function of the same name in SQL takes
 * precedence, and this one calls a function that does not exist. A statement cannot create it: ClickHouse
 * answers that the name is taken.
 */
function closeFileFunction(): void {
  mkdirSync("data/user_defined", { recursive: true });
  writeFileSync(
    "data/user_defined/function_file.sql",
    "CREATE FUNCTION file AS path -> the_function_file_is_closed(path)\n",
  );
}

function libraryPath(): string {
  const libc = process.platform === "linux" ? "-gnu" : "";
  const platform = `@chdb/lib-${process.platform}-${process.arch}${libc}`;
  const chdb = createRequire(import.meta.url).resolve("chdb");
  return createRequire(chdb).resolve(`${platform}/libchdb.so`);
}
