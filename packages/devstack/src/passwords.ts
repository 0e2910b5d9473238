import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** PostgreSQL: its superuser, the owner of the catalog's database, and the role of each process. */
const postgresUsers = ["postgres", "mosis", "mosis_api", "mosis_relay", "mosis_webhooks"] as const;
/** ClickHouse: the administrator, the user of each process, that of the dictionary, and that of people. */
export const clickhouseUsers = [
  ...(["mosis_admin", "mosis_writer", "mosis_query", "mosis_dictionary", "mosis_analyst"] as const),
] as const;
/** Kafka: the broker itself, the administrator, and the user of each process (`infra/kafka/acls.json`). */
export const kafkaUsers = [
  "kafka-broker",
  "kafka-admin",
  "catalog-relay",
  "telemetry-ingest",
  "telemetry-writer",
  "telemetry-query",
  "telemetry-replay",
] as const;
const users = [...postgresUsers, ...clickhouseUsers, ...kafkaUsers] as const;

export type StoreUser = (typeof users)[number];
export type Passwords = Readonly<Record<StoreUser, string>>;

const passwordBytes = 16;

/**
 * Returns the password of each user of the stores whose data is in the folder. The first call makes them; a
 * user that a later version adds gets its password then. Only the owner of the folder can read the file.
 */
export function readPasswords(dataDir: string): Passwords {
  const file = join(dataDir, "passwords.json");
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Partial<Passwords>) : {};
  const missing = users.filter((user) => known[user] === undefined);
  const made = missing.map((user) => [user, randomBytes(passwordBytes).toString("hex")]);
  const passwords = { ...known, ...Object.fromEntries(made) } as Passwords;
  if (missing.length > 0) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(`${file}.part`, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
  return passwords;
}
