import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { KafkaConfig } from "@mosis/kafka";
import { signingTexts } from "./support.ts";

const main = fileURLToPath(new URL("../src/main/ingest.ts", import.meta.url));

export interface IngestProcess {
  url: string;
  /** @throws AssertionError when it has ended. */
  residentBytes(): Promise<number>;
}

/** Ingest as it runs in production. */
export async function startIngestProcess(t: TestContext, kafka: KafkaConfig): Promise<IngestProcess> {
  const child = fork(main, {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: {
      ...process.env,
      KAFKA_BROKERS: kafka.brokers.join(","),
      KAFKA_TOPIC_PREFIX: kafka.topicPrefix,
      CATALOG_RECORD_PUBLIC_KEYS: signingTexts.CATALOG_RECORD_PUBLIC_KEYS,
      INGEST_PORT: "0",
      // Nearly all that is sent to it is refused.
      INGEST_ADDRESS_WASTE_MS: "1000000",
      INGEST_REFUSED_PERCENT: "100",
      INGEST_ADDRESS_DAY_PERCENT: "100",
    },
  });
  t.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  const url = await urlOf(child);
  return {
    url,
    async residentBytes() {
      assert.equal(child.exitCode, null, "ingest has ended");
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return Number(/^process_resident_memory_bytes\S* (\S+)$/m.exec(metrics)?.[1]);
    },
  };
}

/** Ingest tells where it listens in its log. */
async function urlOf(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`Ingest ended with ${code} before it listened`)));
    lines.on("line", (line) => {
      const { url } = JSON.parse(line) as { url?: string };
      if (url !== undefined) resolve(url);
    });
  });
}
