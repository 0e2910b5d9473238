// Tests what a separate platform writes into its logs, and who may read them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Erasure } from "@mosis/types/erasures";
import { readPasswords } from "@mosis/devstack";
import { startTemporaryPlatform } from "../infra/local/temporary-platform.ts";
import { registerApp, untilEqual } from "./platform.ts";

const ownServers = {
  DATABASE_URL: undefined,
  CLICKHOUSE_URL: undefined,
  KAFKA_BROKERS: undefined,
  // This level writes the most into the logs.
  LOG_LEVEL: "debug",
};

test("logs have no secret, no hash of a password, no erased install, and no other reader", async (t) => {
  const platform = await startTemporaryPlatform("logs", ownServers);
  t.after(() => platform.stop());
  const urls = platform.endpoints;
  const { catalog, password, packageId, ingestKey } = await registerApp({ urls });
  const key = await catalog.createKey({ name: "ci", kind: "management", permissions: ["telemetry:erase"] });
  const install_id = randomUUID();
  const events = [{ event_id: randomUUID(), name: "seen", time: Date.now() }];
  const send = await fetch(`${urls.ingest}/v1/telemetry/batches`, {
    method: "POST",
    headers: { authorization: `Bearer ${ingestKey}`, "content-type": "application/json" },
    body: JSON.stringify({ batch_id: randomUUID(), events, context: { install_id } }),
  });
  assert.equal(send.status, 202);
  const authorization = `Bearer ${key.secret}`;
  const asked = await fetch(`${urls.catalog}/v1/apps/${packageId}/erasures`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ install_id }),
  });
  assert.equal(asked.status, 202);
  const location = asked.headers.get("location") as string;
  await untilEqual(async () => {
    const answer = await fetch(`${urls.query}${location}`, { headers: { authorization } });
    return ((await answer.json()) as Partial<Erasure>).state;
  }, "erased");
  // Statements that fail are logged with their text.
  for (const statement of [
    `select * from mosis.events_raw where install_id = '${install_id}' and no_such_column = 1`,
    `select * from mosis.events_raw where install_id = '${install_id}' settings max_rows_to_read = 1`,
  ]) {
    const { http, user, password: key } = urls.analyst ?? assert.fail();
    const headers = { "x-clickhouse-user": user, "x-clickhouse-key": key };
    assert.ok(!(await fetch(http, { method: "POST", headers, body: statement })).ok);
  }

  const secrets = {
    password,
    "hash of a password": "$argon2",
    "secret of an ingest key": ingestKey,
    "secret of a management key": key.secret,
    install: install_id,
    ...readPasswords(platform.dataDir),
  };
  const files = logsIn(platform.dataDir);
  assert.ok(files.length >= 10, `${files.length} logs`);
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(!text.includes(secret), `${file} has the ${name}`);
    }
    assert.equal(statSync(file).mode & 0o077, 0, `others may read ${file}`);
  }
});

function logsIn(dataDir: string): string[] {
  return [join(dataDir, "logs"), join(dataDir, "clickhouse", "logs")].flatMap((folder) => {
    assert.equal(statSync(folder).mode & 0o077, 0, `others may enter ${folder}`);
    return readdirSync(folder).map((name) => join(folder, name));
  });
}
