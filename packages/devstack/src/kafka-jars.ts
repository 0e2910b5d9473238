import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StackError } from "./server.ts";

const pomFile = fileURLToPath(new URL("../../../infra/kafka/pom.xml", import.meta.url));

/**
 * The folder with the broker's jars, fetched by Maven once per version into a cache that all copies share.
 * @param cacheDir parent of the cache; null takes `~/.cache/mosis`, or the data folder when home cannot be
 * written.
 * @throws StackError when Maven is missing or fails.
 */
export async function kafkaJars({
  cacheDir,
  dataDir,
  onProgress,
}: {
  cacheDir: string | null;
  dataDir: string;
  onProgress?: ((text: string) => void) | undefined;
}): Promise<string> {
  const folder = join(cacheDir ?? defaultCache(dataDir), `kafka-${pomDigest()}`);
  if (existsSync(folder)) return folder;
  onProgress?.(`Fetching the Kafka broker with Maven into ${folder}, once: 44 MB`);
  // Filled aside and renamed when complete: an interrupted fetch leaves nothing half-made, and two may run at
  // once.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await maven(["-q", "-B", "-f", pomFile, "dependency:copy-dependencies", ...target(unfinished)]);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another start was faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

const target = (folder: string) => ["-DincludeScope=runtime", `-DoutputDirectory=${folder}`];

/** Names the cache by what it holds: another pom is another folder. */
function pomDigest(): string {
  return createHash("sha256").update(readFileSync(pomFile)).digest("hex").slice(0, 12);
}

function defaultCache(dataDir: string): string {
  const cache = join(homedir(), ".cache");
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
    return join(cache, "mosis");
  } catch {
    return join(dataDir, "cache");
  }
}

function maven(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("mvn", args, { stdio: ["ignore", "pipe", "pipe"] });
    const end = () => void child.kill();
    process.once("exit", end);
    let output = "";
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", () => {
      reject(new StackError("Maven is missing: install it (mvn), or use Docker with MOSIS_STACK=docker."));
    });
    child.on("close", (code) => {
      process.off("exit", end);
      if (code === 0) resolve();
      else reject(new StackError(`Maven could not fetch the Kafka broker (exit code ${code}).\n${output}`));
    });
  });
}
