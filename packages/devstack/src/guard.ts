// Runs one server and ends it when the process that asked for it has ended, even by kill -9, so no orphan
// stays behind. `server.ts` starts it with an IPC channel; argument: a `GuardedCommand` as JSON.
import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { keepRotating, rotateLog } from "./rotate-log.ts";
import type { GuardedCommand, GuardMessage } from "./server.ts";

const { command, args, cwd, env, logFile, stopBy, stopTimeoutMs } = JSON.parse(
  process.argv[2] ?? "{}",
) as GuardedCommand;

// Only the server's own user may read what it writes, including logs.
process.umask(0o077);
rotateLog(logFile);
const logHandle = openSync(logFile, "a");
keepRotating(logFile);
// The server has its own session: a Ctrl-C in the terminal reaches only the launcher, which stops the servers
// in order.
const child = spawn(command, args, {
  cwd,
  env: { ...process.env, ...env },
  detached: true,
  stdio: ["pipe", logHandle, logHandle],
});

child.on("spawn", () => tell({ pid: child.pid ?? 0 }));
child.on("error", (error) => {
  tell({ failed: error.message });
  process.exit(1);
});
child.on("exit", (code, signal) => {
  tell({ exited: signal ?? String(code) });
  process.exit(0);
});
// The server may close its end first.
child.stdin?.on("error", () => {});

process.on("message", () => stop(child));
process.on("disconnect", () => stop(child));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(child));

function stop(server: ChildProcess): void {
  if (stopBy === "stdin") server.stdin?.end();
  else server.kill(stopBy);
  setTimeout(() => server.kill("SIGKILL"), stopTimeoutMs).unref();
}

function tell(message: GuardMessage): void {
  if (process.connected) process.send?.(message);
}
