import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { analystsDatabase, migrateDown, migrateUp, openClickHouse, select } from "@mosis/clickhouse";
import Type from "typebox";
import { log, requiredEnv, storeTimeoutMs } from "./support.ts";

const folder = fileURLToPath(new URL("../../../infra/clickhouse/migrations", import.meta.url));

// Guards the invariant "every migration goes up, down and up again to the same schema" (INVARIANTS.md).
test("every migration of ClickHouse goes up, down and up again to the same tables", async (t) => {
  const database = `t_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(`/${database}`, requiredEnv("CLICKHOUSE_URL")).href;
  const options = { url, log, requestTimeoutMs: storeTimeoutMs, folder };
  const names = (await readdir(folder)).map((file) => file.replace(".sql", "")).toSorted();
  assert.deepEqual(await migrateUp(options), names);
  const store = openClickHouse(options);
  t.after(async () => {
    await store.command(`drop database if exists ${analystsDatabase(database)}`);
    await store.command(`drop database ${database}`);
    await store.close();
  });
  const schema = () =>
    select(
      store,
      Type.Object({ name: Type.String(), create_table_query: Type.String() }),
      `select name, create_table_query from system.tables
      where database = currentDatabase() and name <> 'schema_migrations' order by name`,
    );

  const after = [await schema()];
  for (let number = names.length - 1; number >= 0; number--) {
    assert.deepEqual(await migrateDown({ ...options, to: number }), [names[number]]);
    after.unshift(await schema());
  }
  assert.deepEqual(after[0], [], "something is left when everything was taken back");
  assert.deepEqual(await migrateUp(options), names);
  assert.deepEqual(await schema(), after.at(-1));
  // Each one alone too: what it takes back, it brings back.
  for (let number = names.length - 1; number >= 0; number--) {
    await migrateDown({ ...options, to: number });
    assert.deepEqual(await schema(), after[number], `what ${names[number]} leaves when it is taken back`);
  }
});
