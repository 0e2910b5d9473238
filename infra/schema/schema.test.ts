import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { analystsDatabase, migrateUp, openClickHouse } from "@mosis/clickhouse";
import { freshDatabase } from "@mosis/devstack";
import { migrate, openPool } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { describeClickHouse } from "./clickhouse.ts";
import { describePostgres } from "./postgres.ts";

const log = createLogger({ service: "test", level: "silent" });
/** True when `npm run schema` writes the files, which are compared otherwise. */
const isWriting = process.env["SCHEMA"] === "write";

// INVARIANT 61
test("services/catalog/schema.sql is what the catalog's migrations make", async (t) => {
  const database = await freshDatabase(requiredEnv("DATABASE_URL"));
  t.after(() => database.drop());
  const { url } = database;
  const folder = pathOf("services/catalog");
  await migrate({ url, folder, direction: "up", count: Infinity, log });
  const db = openPool({
    url,
    name: "schema",
    log,
    connectionsMax: 1,
    connectTimeoutMs: 20_000,
    statementTimeoutMs: 20_000,
  });
  t.after(() => db.close());
  compare("services/catalog/schema.sql", await describePostgres(db));
});

// INVARIANT 61
test("infra/clickhouse/schema.sql is what ClickHouse's migrations make", async (t) => {
  const database = `t_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(`/${database}`, requiredEnv("CLICKHOUSE_URL")).href;
  const options = { url, log, requestTimeoutMs: 60_000, folder: pathOf("infra/clickhouse") };
  await migrateUp(options);
  const store = openClickHouse(options);
  t.after(async () => {
    await store.command(`drop database ${analystsDatabase(database)}`);
    await store.command(`drop database ${database}`);
    await store.close();
  });
  compare("infra/clickhouse/schema.sql", await describeClickHouse(store, database));
});

function compare(file: string, schema: string): void {
  if (isWriting) writeFileSync(pathOf(file), schema);
  assert.equal(readFileSync(pathOf(file), "utf8"), schema, `Run \`npm run schema\` to write ${file} anew.`);
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}

function requiredEnv(name: string): string {
  const value = process.env[name];
  assert.ok(value !== undefined, `${name} is not set: run the tests by npm test`);
  return value;
}
