// The files that a running platform writes into its data folder for others, and the lock that keeps out a
// second platform.
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Endpoints } from "./endpoints.ts";
import { UserError } from "./endpoints.ts";

/** The data folder is ours until this process ends. */
export interface HeldFolder {
  /** Informs whoever waits for the folder that it will be free soon. */
  stopping(): void;
}

/**
 * Makes the folder and holds it for as long as this process lives. A lock file would outlive a kill -9; a
 * listening socket does not.
 * @throws UserError when a running platform holds it.
 */
export async function holdDataFolder(dataDir: string): Promise<HeldFolder> {
  makeFolder(dataDir);
  // The path of a socket may have only a hundred characters, so the socket is not in the folder itself.
  const path = join(
    tmpdir(),
    `mosis-${createHash("sha256").update(realpathSync(dataDir)).digest("hex").slice(0, 24)}.sock`,
  );
  await windDown(async () => (await holderOf(path)) === "stopping");
  if ((await holderOf(path)) !== null) {
    throw new UserError(`The platform is running already with its data in ${dataDir}.`);
  }
  rmSync(path, { force: true });
  let state = "running";
  const lock = createServer((socket) => void socket.on("error", () => socket.destroy()).end(state));
  await new Promise<void>((resolve, reject) => {
    lock.once("error", reject);
    lock.listen(path, resolve);
  });
  lock.unref();
  process.once("exit", () => rmSync(path, { force: true }));
  // After a kill -9 of the launcher, its servers take some seconds to end, and hold their ports and files
  // until then.
  await windDown(async () => Object.values(readProcesses(dataDir)).some((pid) => isOurs(pid, dataDir)));
  removeEndpoints(dataDir);
  return { stopping: () => void (state = "stopping") };
}

/** Returns what the process that holds a folder reports about itself; null when no process holds it. */
function holderOf(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let state = "";
    const socket = connect(path);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => void (state += text));
    socket.once("end", () => resolve(state));
    socket.once("error", () => resolve(null));
  });
}

const windDownMs = 20_000;

/** Waits while the last run is still ending. */
async function windDown(isThere: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + windDownMs;
  let told = false;
  while ((await isThere()) && performance.now() < giveUpAt) {
    if (!told) console.log("Waiting for the last run to end …");
    told = true;
    await delay(200);
  }
}

/**
 * Returns true when a process runs from this repository or on this folder. Its pid may have been reused by
 * now.
 */
function isOurs(pid: number, dataDir: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return command.includes(dataDir) || command.includes(root);
  } catch {
    // The process has ended, or the system has no /proc: then a port in use is reported a moment later.
    return false;
  }
}

const root = join(import.meta.dirname, "../..");

/** @throws UserError one line when the folder cannot be made or written, or Kafka could not use its name. */
function makeFolder(dataDir: string): void {
  if (/[,\n]/.test(dataDir)) throw new UserError(`Kafka takes no comma in a path: ${dataDir}`);
  try {
    // Folders are made one by one: the recursive form does not return from a file system in which nobody may
    // make folders.
    const missing: string[] = [];
    for (let path = dataDir; !existsSync(path); path = dirname(path)) missing.unshift(path);
    for (const path of missing) {
      mkdirSync(path);
      // When we are root, the servers run as other users, who pass through without seeing what is there.
      chmodSync(path, process.getuid?.() === 0 ? 0o711 : 0o700);
    }
    const probe = join(dataDir, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new UserError(`The data folder cannot be used: ${(error as Error).message}`);
  }
}

/** Writes the process ids by name, for programs that measure or kill them. */
export function writeProcesses(dataDir: string, pids: Readonly<Record<string, number>>): void {
  writeWhole(join(dataDir, "processes.json"), pids);
}

function readProcesses(dataDir: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(join(dataDir, "processes.json"), "utf8")) as Record<string, number>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Announces that the platform is ready, and its addresses. */
export function writeEndpoints(dataDir: string, endpoints: Endpoints): void {
  writeWhole(join(dataDir, "endpoints.json"), endpoints);
}

export function removeEndpoints(dataDir: string): void {
  rmSync(join(dataDir, "endpoints.json"), { force: true });
  rmSync(join(dataDir, "processes.json"), { force: true });
}

/** Writes a file atomically and for its owner only: it contains credentials. */
function writeWhole(file: string, value: object): void {
  const part = `${file}.part`;
  writeFileSync(part, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(part, file);
}
