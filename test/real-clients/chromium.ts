import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Returns `MOSIS_CHROMIUM`, or the first of the usual names on the PATH; null when there is none. */
export function findChromium(): string | null {
  const given = process.env["MOSIS_CHROMIUM"];
  if (given !== undefined) return given;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const files = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find((file) => existsSync(file)) ?? null;
}

/**
 * Opens a page without a window, until the end of the test.
 * @returns the messages of its console and the browser so far.
 */
export async function openPage(t: TestContext, chromium: string, url: string): Promise<() => string> {
  const profile = await mkdtemp(join(tmpdir(), "mosis-chromium-"));
  const child = spawn(
    chromium,
    [
      "--headless",
      `--user-data-dir=${profile}`,
      // The browser ends when this pipe does, even when this process is killed.
      "--remote-debugging-pipe",
      // The only pages are ours, and root may not have the sandbox.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-dev-shm-usage",
      "--no-first-run",
      // The browser must send no request outside of this machine.
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      "--enable-logging=stderr",
      url,
    ],
    { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] },
  );
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      said += String(error);
      resolve();
    });
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return () => said;
}
