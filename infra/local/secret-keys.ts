import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./process-environment.ts";

/** Each variable, and the file of the data folder that contains the key from the first start. */
const files = {
  WEBHOOK_SECRET_KEYS: "webhook-secret-key",
  TOTP_SECRET_KEYS: "totp-secret-key",
};

/**
 * Returns the keys with which secrets of webhooks and of authenticator apps are encrypted: from the
 * environment, or from the data folder, where the first start makes them. Without them the secrets in the
 * database are lost, so back them up together with it.
 */
export function secretVariables(env: Environment, dataDir: string): Environment {
  const missing = Object.entries(files).filter(([variable]) => !env[variable]);
  return Object.fromEntries(missing.map(([variable, name]) => [variable, keyIn(join(dataDir, name))]));
}

function keyIn(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.part`, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
  return readFileSync(file, "utf8").trim();
}
