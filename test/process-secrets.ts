// Checks which secrets each process of a platform that `npm start` runs has received, as the system shows
// them.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readPasswords, type StoreUser } from "@mosis/devstack";

const telemetry = ["ingest", "query", "writer"];
const all = [...telemetry, "catalog", "relay", "webhooks"];

/** The processes that own each secret, and the users whose passwords they are, by store. */
const ownersOf: Readonly<Record<string, readonly string[]>> = {
  DATABASE_URL: ["catalog", "relay", "webhooks"],
  CLICKHOUSE_URL: ["query", "writer"],
  KAFKA_SASL_PASSWORD: [...telemetry, "relay"],
  CATALOG_RECORD_SIGNING_KEY: ["relay"],
  CATALOG_RECORD_PUBLIC_KEYS: [...telemetry, "relay"],
  WEBHOOK_SECRET_KEYS: ["catalog", "webhooks"],
  TOTP_SECRET_KEYS: ["catalog"],
  PASSKEY_ORIGINS: ["catalog"],
  OIDC_PROVIDERS: ["catalog"],
  MAIL_URL: ["catalog"],
  MOSIS_SELF_TELEMETRY_KEY: all,
  CATALOG_RELAY_PASSWORD: [],
  NODE_AUTH_TOKEN: [],
  AWS_SECRET_ACCESS_KEY: [],
  HTTPS_PROXY: ["catalog"],
  // These are no secrets: variables that a person sets for `npm start` must arrive.
  CATALOG_SESSION_HOURS: ["catalog"],
  INGEST_HELD_MEGABYTES_MAX: ["ingest"],
  MOSIS_DATA_DIR: [...all, "postgres", "clickhouse", "kafka"],
  TZ: [...all, "postgres", "clickhouse", "kafka"],
};

/**
 * Variables that a person may have in the environment of `npm start`, beside those that it makes by itself.
 */
export const givenToLauncher = {
  OIDC_PROVIDERS: "[]",
  CATALOG_RELAY_PASSWORD: "f3a1c0ffee5eed",
  NODE_AUTH_TOKEN: "npm-token",
  AWS_SECRET_ACCESS_KEY: "of-something-else",
  HTTPS_PROXY: "http://user:password@127.0.0.1:9",
  CATALOG_SESSION_HOURS: "12",
  INGEST_HELD_MEGABYTES_MAX: "32",
  TZ: "UTC",
};

const passwordsOf: Readonly<Record<string, readonly StoreUser[]>> = {
  catalog: ["mosis_api"],
  ingest: ["telemetry-ingest"],
  query: ["mosis_query", "telemetry-query"],
  relay: ["mosis_relay", "catalog-relay"],
  webhooks: ["mosis_webhooks"],
  writer: ["mosis_writer", "telemetry-writer"],
  postgres: [],
  clickhouse: [],
  kafka: [],
};

/** False on systems that show nobody's environment. */
export const showsEnvironments = existsSync("/proc/self/environ");

/** @param pids by the names of `processes.json`. */
export function assertOwnSecretsOnly(pids: Readonly<Record<string, number>>, dataDir: string): void {
  assert.deepEqual(Object.keys(pids).toSorted(), Object.keys(passwordsOf).toSorted());
  const passwords = Object.entries({
    ...readPasswords(dataDir),
    mosis_relay: givenToLauncher.CATALOG_RELAY_PASSWORD,
  });
  const ownKeys = ["record-signing-key", "webhook-secret-key", "totp-secret-key"].map((file) =>
    readFileSync(join(dataDir, file), "utf8").trim(),
  );
  for (const [name, pid] of Object.entries(pids)) {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    const variables = new Set(environment.split("\0").map((pair) => pair.slice(0, pair.indexOf("="))));
    const wanted = Object.keys(ownersOf).filter((variable) => ownersOf[variable]?.includes(name));
    const found = Object.keys(ownersOf).filter((variable) => variables.has(variable));
    assert.deepEqual(found, wanted, name);
    const known = passwords.filter(([, password]) => environment.includes(password)).map(([user]) => user);
    assert.deepEqual(known.toSorted(), [...(passwordsOf[name] ?? [])].toSorted(), name);
    // Everybody on the machine may read a command line.
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    for (const secret of [...passwords.map(([, password]) => password), ...ownKeys]) {
      assert.ok(!command.includes(secret), `the command line of ${name} has a secret`);
    }
  }
  const roles = { catalog: "mosis_api", relay: "mosis_relay", webhooks: "mosis_webhooks" };
  for (const [name, role] of Object.entries(roles)) {
    const environment = readFileSync(`/proc/${pids[name]}/environ`, "utf8");
    assert.match(environment, new RegExp(`(^|\0)DATABASE_URL=postgres://${role}:[0-9a-f]+@`), name);
  }
}
