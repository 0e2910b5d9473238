import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedFolder } from "./cached-folder.ts";
import { StackError } from "./server.ts";

const pomFile = fileURLToPath(new URL("../../../infra/kafka/pom.xml", import.meta.url));

/**
 * Returns the folder with the broker's jars, fetched by Maven once per version into a cache that all copies
 * share.
 * @throws StackError when Maven is missing or fails.
 */
export function kafkaJars({
  cacheDir,
  dataDir,
  onProgress,
}: {
  cacheDir: string | null;
  dataDir: string;
  onProgress?: ((text: string) => void) | undefined;
}): Promise<string> {
  return cachedFolder({
    name: `kafka-${pomDigest()}`,
    cacheDir,
    dataDir,
    fill(folder) {
      onProgress?.(`Fetching the Kafka broker with Maven into ${dirname(folder)}, once: 44 MB`);
      return maven(["-q", "-B", "-f", pomFile, "dependency:copy-dependencies", ...target(folder)]);
    },
  });
}

const target = (folder: string) => ["-DincludeScope=runtime", `-DoutputDirectory=${folder}`];

/** Names the cache by its content: another pom gives another folder. */
function pomDigest(): string {
  return createHash("sha256").update(readFileSync(pomFile)).digest("hex").slice(0, 12);
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
