// The ClickHouse server as a process: libchdb holds the whole of `clickhouse local`, which can listen like a
// server. Its last query reads a pipe to the end, so the server lives exactly as long as this process holds
// the other end: until standard input ends (whoever started us is gone) or a signal asks. Arguments: data
// folder, configuration file, HTTP port, native port.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { DataType, load, open } from "ffi-rs";

const [dataFolder = "", configFile = "", httpPort = "", tcpPort = ""] = process.argv.slice(2);

// A named pipe, because Node gives a child a socket as standard input, and ClickHouse cannot open that as a
// file.
const pipe = join(dataFolder, "..", "alive");
rmSync(pipe, { force: true });
execFileSync("mkfifo", ["-m", "600", pipe]);
// Opened for both ways, so that opening does not wait for the other side.
let handle: number | null = openSync(pipe, "r+");
const end = () => {
  if (handle !== null) closeSync(handle);
  handle = null;
};
process.stdin.resume().on("end", end).on("error", end);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end);

const args = [
  "clickhouse",
  `--path=${dataFolder}`,
  "--listen_host=127.0.0.1",
  `--http_port=${httpPort}`,
  `--tcp_port=${tcpPort}`,
  `--config-file=${configFile}`,
  `--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP;
    SELECT count() FROM file(${quoted(pipe)}, 'LineAsString')`,
];

open({ library: "chdb", path: libraryPath() });
// In its own thread: the call returns when the server ends, and this one has to see standard input end.
await load({
  library: "chdb",
  funcName: "chdb_query_cmdline",
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [args.length, args],
  runInNewThread: true,
});
process.exit(handle === null ? 0 : 1);

/** A path as a string of SQL. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function libraryPath(): string {
  const libc = process.platform === "linux" ? "-gnu" : "";
  const platform = `@chdb/lib-${process.platform}-${process.arch}${libc}`;
  const chdb = createRequire(import.meta.url).resolve("chdb");
  return createRequire(chdb).resolve(`${platform}/libchdb.so`);
}
