import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./services.ts";

/**
 * What secrets of webhooks are encrypted with: as the environment says, or a key that the first start makes
 * in the data folder. Without it the secrets in the database are lost, so it belongs into a backup with them.
 */
export function webhookVariables(env: Environment, dataDir: string): Environment {
  const given = env["WEBHOOK_SECRET_KEYS"];
  if (given !== undefined && given !== "") return {};
  const file = join(dataDir, "webhook-secret-key");
  if (!existsSync(file)) {
    writeFileSync(`${file}.part`, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
  return { WEBHOOK_SECRET_KEYS: readFileSync(file, "utf8").trim() };
}
