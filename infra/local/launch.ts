// What `npm start` runs once everything is installed: the whole platform, until Ctrl-C or SIGTERM.
import { setTimeout as delay } from "node:timers/promises";
import { StackError } from "@mosis/devstack";
import { holdDataFolder } from "./data-folder.ts";
import { UserError } from "./endpoints.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { readSettings } from "./settings.ts";
import { welcome } from "./welcome.ts";

/** A start that is interrupted gets so long to come to a point where it can be taken back. */
const takeBackMs = 6000;

// Whatever a process of the platform writes is for its owner only: data, logs, mails.
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
// A download or a connection that is still open is no reason to stay.
process.exit();

/** Resolves with what asks us to stop: a signal, or the end of whoever started us. */
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
  // Whatever is left when this process ends is ended by its guards.
  const started = await Promise.race([starting.catch(() => null), delay(takeBackMs, null)]);
  await started?.stop();
}

/**
 * The environment's faults are a message for people already; anything else is a bug and shows where it is.
 */
function explained(error: unknown): unknown {
  const { message } = error as Error;
  return message.startsWith("The environment is not usable") ? message : error;
}
