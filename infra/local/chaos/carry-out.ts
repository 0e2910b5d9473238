import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../endpoints.ts";
import type { TemporaryPlatform } from "../temporary-platform.ts";
import { type Fault, type Target, targets } from "./plan.ts";

/** The faults that were carried out, and how the processes recovered. */
export interface Done {
  kills: Record<Target, number>;
  pauses: Record<Target, number>;
  /** Milliseconds from each kill until the launcher had the process back and ready. */
  comebacksMs: Record<Target, number[]>;
}

/** A process that is not back by then is given up. */
const comebackTimeoutMs = 120_000;

/**
 * Carries out one fault after the other, and returns when all processes are healthy again. A fault waits
 * until its own process is healthy, a kill also waits for Kafka, and a kill of Kafka waits for all. So a slow
 * machine has fewer faults, instead of a platform that is never up.
 * @param signal ends it early. @throws UserError when a process does not come back.
 */
export async function carryOut(
  faults: readonly Fault[],
  options: {
    platform: TemporaryPlatform;
    giveUpAt: number;
    signal: AbortSignal;
    say: (text: string) => void;
  },
): Promise<Done> {
  const { platform, giveUpAt, signal, say } = options;
  const done: Done = { kills: byTarget(() => 0), pauses: byTarget(() => 0), comebacksMs: byTarget(() => []) };
  const mending = byTarget(() => Promise.resolve());
  try {
    for (const fault of faults) {
      await unlessAborted(sleep(fault.afterMs, undefined, { signal }), signal);
      await Promise.all(neededBy(fault).map((target) => mending[target]));
      if (signal.aborted || performance.now() > giveUpAt) break;
      say(fault.kind === "kill" ? `kill -9 ${fault.target}` : `pause ${fault.target} for ${fault.forMs} ms`);
      const mended = fault.kind === "kill" ? kill(platform, fault, done) : pause(platform, fault, done);
      // The error is thrown where the promise is awaited.
      mended.catch(() => {});
      mending[fault.target] = mended;
    }
  } finally {
    await Promise.allSettled(Object.values(mending));
  }
  await Promise.all(Object.values(mending));
  return done;
}

function neededBy({ target, overlaps }: Fault): readonly Target[] {
  if (overlaps) return [target];
  return target === "kafka" ? targets : [target, "kafka"];
}

async function kill(platform: TemporaryPlatform, { target }: Fault, done: Done): Promise<void> {
  const pid = await untilAlive(platform, target);
  const startedAt = performance.now();
  process.kill(pid, "SIGKILL");
  done.kills[target]++;
  await untilAlive(platform, target, pid);
  done.comebacksMs[target].push(performance.now() - startedAt);
}

async function pause(platform: TemporaryPlatform, { target, forMs }: Fault, done: Done): Promise<void> {
  const pid = await untilAlive(platform, target);
  process.kill(pid, "SIGSTOP");
  done.pauses[target]++;
  try {
    await sleep(forMs);
  } finally {
    if (isOurs(pid, platform)) process.kill(pid, "SIGCONT");
  }
}

/** @param before the process that was killed; the process that we wait for is another one. */
async function untilAlive(platform: TemporaryPlatform, target: Target, before?: number): Promise<number> {
  const giveUpAt = performance.now() + comebackTimeoutMs;
  for (;;) {
    const { [target]: pid } = platform.processes();
    if (pid !== undefined && pid !== before && isOurs(pid, platform)) return pid;
    if (performance.now() > giveUpAt) {
      throw new UserError(`${target} was not back after ${comebackTimeoutMs / 1000} s.`);
    }
    await sleep(20);
  }
}

/**
 * Returns true when the process is ours: its pid may have been reused by now. A process that we started has
 * the data folder in its environment.
 */
function isOurs(pid: number, { dataDir }: TemporaryPlatform): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return environment.includes(`MOSIS_DATA_DIR=${dataDir}`);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ESRCH"].includes(code)) return false;
    throw error;
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  await work.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function byTarget<T>(make: () => T): Record<Target, T> {
  return Object.fromEntries(targets.map((target) => [target, make()])) as Record<Target, T>;
}
