import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A command that a guard process runs and ends. */
export interface GuardedCommand {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  logFile: string;
  /** The way to ask the server to end: a signal, or the end of its standard input. */
  stopBy: NodeJS.Signals | "stdin";
  /** The time after which the server is killed. */
  stopTimeoutMs: number;
}

/** The message of a guard to its starter: the server's pid, that it could not start, or how it ended. */
export type GuardMessage = { pid: number } | { failed: string } | { exited: string };

/** A real server that runs below this process. */
export interface Server {
  name: string;
  url: string;
  /** The process id of the server itself, not of its guard. */
  pid: number;
  /** Resolves, with its signal or exit code, when the server has ended for whatever reason. */
  exited: Promise<string>;
  /** Asks the server to end and waits until it has. Starting it again on the same folder loses nothing. */
  stop(): Promise<void>;
  /** Kills the server with kill -9, and waits until it has ended. */
  kill(): Promise<void>;
}

/**
 * The time from the request to end until the kill: the three servers end at once, and the platform stops
 * within 15 s.
 */
export const serverStopTimeoutMs = 8000;

/** A fault of the machine, not of the code: its message is one line that says what to do. */
export class StackError extends Error {}

interface ServerOptions extends GuardedCommand {
  name: string;
  url: string;
  /** Resolves true once the server answers. Asked every 50 ms. */
  isReady: () => Promise<boolean>;
  readyTimeoutMs: number;
}

/**
 * Starts a server below a guard and waits until it answers.
 * @throws StackError when it ends early or is not ready in time, with the end of its log.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { name, url, isReady, readyTimeoutMs, ...command } = options;
  mkdirSync(dirname(command.logFile), { recursive: true, mode: 0o700 });
  const guard = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve("./guard.ts")), JSON.stringify(command)],
    {
      detached: true,
      env: serverEnvironment(),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    },
  );
  const { pid, exited } = await untilSpawned(guard, name);
  let over: string | undefined;
  void exited.then((how) => {
    over = how;
  });
  const stop = async () => {
    if (over === undefined && guard.connected) guard.send("stop");
    await exited;
  };
  const deadline = Date.now() + readyTimeoutMs;
  while (!(await isReady())) {
    if (over !== undefined)
      throw new StackError(`${name} ended (${over}) before it was ready.\n${tail(command.logFile)}`);
    if (Date.now() > deadline) {
      await stop();
      throw new StackError(`${name} was not ready after ${readyTimeoutMs} ms.\n${tail(command.logFile)}`);
    }
    await delay(50);
  }
  return {
    name,
    url,
    pid,
    exited,
    stop,
    async kill() {
      if (over === undefined) process.kill(pid, "SIGKILL");
      await exited;
    },
  };
}

/**
 * Variables that a server and the runtime below it read by themselves; our own variables contain secrets of
 * others.
 */
const serverVariables = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TZ",
  "LANG",
  "LC_ALL",
  "LD_LIBRARY_PATH",
  "JAVA_HOME",
  "JAVA_TOOL_OPTIONS",
  "JDK_JAVA_OPTIONS",
  // This names the copy that the server belongs to: chaos signals only its own.
  "MOSIS_DATA_DIR",
];

/** Returns the environment of a server, or of a program that prepares its data. */
export function serverEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(serverVariables.map((name) => [name, process.env[name]]));
}

function untilSpawned(guard: ChildProcess, name: string): Promise<{ pid: number; exited: Promise<string> }> {
  return new Promise((resolve, reject) => {
    const exited = new Promise<string>((gone) => {
      guard.on("message", (message: GuardMessage) => {
        if ("pid" in message) resolve({ pid: message.pid, exited });
        else if ("failed" in message)
          reject(new StackError(`${name} could not be started: ${message.failed}`));
        else gone(message.exited);
      });
      guard.on("exit", () => gone("its guard ended"));
    });
  });
}

/** Returns the size of a log before a start, so that only the text that the start adds is searched. */
export function logSize(logFile: string): number {
  return existsSync(logFile) ? statSync(logFile).size : 0;
}

/**
 * Returns true when the log contains the text after a position, or anywhere when it was emptied since: see
 * `rotateLog`.
 */
export function logHas(logFile: string, text: string, from: number): boolean {
  if (!existsSync(logFile)) return false;
  const bytes = readFileSync(logFile);
  return bytes.subarray(bytes.length < from ? 0 : from).includes(text);
}

function tail(logFile: string): string {
  if (!existsSync(logFile)) return `No log at ${logFile}.`;
  return `${readFileSync(logFile, "utf8").split("\n").slice(-12).join("\n")}\nThe whole log: ${logFile}`;
}
