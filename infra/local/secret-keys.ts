import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./process-environment.ts";

/** Each variable, and the file of the data folder that has what the first start made for it. */
const files = {
  WEBHOOK_SECRET_KEYS: "webhook-secret-key",
  TOTP_SECRET_KEYS: "totp-secret-key",
};

/**
 * What secrets of webhooks and of authenticator apps are encrypted with: as the environment says, or keys
 * that the first start makes in the data folder. Without them the secrets in the database are lost, so they
 * belong into a backup with them.
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
