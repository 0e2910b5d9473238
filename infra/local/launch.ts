// Runs the whole platform for `npm start` once everything is installed, until Ctrl-C or SIGTERM.
import { setTimeout as delay } from "node:timers/promises";
import { StackError } from "@mosis/devstack";
import { holdDataFolder } from "./data-folder.ts";
import { UserError } from "./endpoints.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { readSettings } from "./settings.ts";
import { welcome } from "./welcome.ts";

/** The time that an interrupted start has to reach a point where it can be undone. */
const takeBackMs = 6000;

// Files that a process of the platform writes are only for its owner: data, logs, mails.
process.umask(0o077);

const startedAt = performance.now();
const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
const say = (text: string) => console.log(`  ${text}`);
const stopRequest = untilAsked();

try {
  const settings = await readSettings(process.env);
  const folder = await holdDataFolder(settings.dataDir);
  void stopRequest.then(() => folder.stopping());
  console.log(`Starting Mosis Data Services, data and logs in ${settings.dataDir}`);
  const starting = startPlatform({ settings, env: process.env, say });
  const platform = await Promise.race([starting, stopRequest]);
  if (typeof platform === "string") await takeBack(platform, starting);
  else {
    console.log(welcome(platform, settings, seconds()));
    const reason = await runUntil(stopRequest, platform);
    console.log(`Stopped (${reason}).`);
  }
} catch (error) {
  process.exitCode = 1;
  const isTheirs = error instanceof StackError || error instanceof UserError;
  console.error(isTheirs ? error.message : explained(error));
}
// A download or a connection that is still open must not keep the process alive.
process.exit();

/** Resolves with the reason to stop: a signal, or the end of the process that started us. */
function untilAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
    process.once("disconnect", () => resolve("the launcher is gone"));
  });
}

async function runUntil(stopRequest: Promise<string>, platform: Platform): Promise<string> {
  try {
    return await Promise.race([stopRequest, platform.lost]);
  } finally {
    console.log("\nStopping …");
    await platform.stop();
  }
}

async function takeBack(reason: string, starting: Promise<Platform>): Promise<void> {
  console.log(`\nStopping (${reason}) …`);
  // The guards end whatever is left when this process ends.
  const started = await Promise.race([starting.catch(() => null), delay(takeBackMs, null)]);
  await started?.stop();
}

/**
 * Returns the error to show. Faults of the environment already have a message for people; anything else is a
 * bug and shows its stack.
 */
function explained(error: unknown): unknown {
  const { message } = error as Error;
  return message.startsWith("The environment is not usable") ? message : error;
}
