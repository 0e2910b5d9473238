import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateSigningKey, readSigningKey, textsOf } from "@mosis/kafka";
import type { Environment } from "./process-environment.ts";

/**
 * Returns the key with which the relay signs records, and the key with which the others check them: from the
 * environment, or from the data folder, where the first start makes one. With another key, the relay
 * publishes everything again.
 */
export function recordKeyVariables(env: Environment, dataDir: string): Environment {
  return givenKeys(env) ?? keysIn(dataDir);
}

function givenKeys({
  CATALOG_RECORD_SIGNING_KEY,
  CATALOG_RECORD_PUBLIC_KEYS,
}: Environment): Environment | null {
  if (!CATALOG_RECORD_SIGNING_KEY && !CATALOG_RECORD_PUBLIC_KEYS) return null;
  return { CATALOG_RECORD_SIGNING_KEY, CATALOG_RECORD_PUBLIC_KEYS };
}

function keysIn(dataDir: string): Environment {
  const file = join(dataDir, "record-signing-key");
  if (!existsSync(file)) {
    const { CATALOG_RECORD_SIGNING_KEY: text } = textsOf(generateSigningKey("local"));
    writeFileSync(`${file}.part`, `${text}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
  return textsOf(readSigningKey(readFileSync(file, "utf8")));
}
