import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateSigningKey, readSigningKey, textsOf } from "@mosis/kafka";
import type { Environment } from "./process-environment.ts";

/**
 * What the relay signs records with and what the others check them by: as the environment says, or a key that
 * the first start makes in the data folder. With another key, the relay publishes everything again.
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
