import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  analystsDatabase,
  type ClickHouse,
  migrateDown,
  migrateUp,
  openClickHouse,
  select,
} from "@mosis/clickhouse";
import { outcomes } from "@mosis/types/outcomes";
import Type from "typebox";
import { log, requiredEnv, storeTimeoutMs } from "./support.ts";

const folder = fileURLToPath(new URL("../../../infra/clickhouse", import.meta.url));
const names = (await readdir(`${folder}/migrations`)).map((file) => file.replace(".sql", "")).toSorted();

/** A database without tables, which is dropped after the test. */
function emptyStore(t: TestContext) {
  const database = `t_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(`/${database}`, requiredEnv("CLICKHOUSE_URL")).href;
  const options = { url, log, requestTimeoutMs: storeTimeoutMs, folder };
  const store = openClickHouse(options);
  t.after(async () => {
    await store.command(`drop database if exists ${analystsDatabase(database)}`);
    await store.command(`drop database if exists ${database}`);
    await store.close();
  });
  return { options, store };
}

function schemaOf(store: ClickHouse) {
  return select(
    store,
    Type.Object({ name: Type.String(), create_table_query: Type.String() }),
    `select name, create_table_query from system.tables
     where database = currentDatabase() and name not in ('schema_migrations', 'schema_views') order by name`,
  );
}

// INVARIANT 61
test("every migration of ClickHouse goes up, down and up again to the same tables", async (t) => {
  const { options, store } = emptyStore(t);
  assert.deepEqual(await migrateUp(options), names);
  await t.test("what an outcome may be stands beside every column of it", async () => {
    const comments = await select(
      store,
      Type.Object({ comment: Type.String() }),
      `select comment from system.columns
      where database in (currentDatabase(), {analysts:String}) and name = 'outcome'`,
      { analysts: analystsDatabase(store.database) },
    );
    assert.equal(comments.length, 4);
    for (const { comment } of comments) {
      for (const outcome of [...Object.keys(outcomes), "lost"]) assert.match(comment, new RegExp(outcome));
    }
  });

  const after = [await schemaOf(store)];
  for (let number = names.length - 1; number >= 0; number--) {
    assert.deepEqual(await migrateDown({ ...options, to: number }), [names[number]]);
    after.unshift(await schemaOf(store));
  }
  assert.deepEqual(after[0], [], "something is left when everything was taken back");
  assert.deepEqual(await migrateUp(options), names);
  assert.deepEqual(await schemaOf(store), after.at(-1));
  // Each one alone too: what it takes back, it brings back.
  for (let number = names.length - 1; number >= 0; number--) {
    await migrateDown({ ...options, to: number });
    assert.deepEqual(
      await schemaOf(store),
      after[number],
      `what ${names[number]} leaves when it is taken back`,
    );
  }
});

const squashed = JSON.parse(await readFile(join(folder, "squashed.json"), "utf8")) as Record<string, string>;
const Recorded = Type.Object({ number: Type.Integer(), name: Type.String() });
const recordedNow = "select number, name from schema_migrations final where applied = 1 order by number";

/** Puts other names into the book of migrations, and forgets the views, as it was before. */
async function rename(store: ClickHouse, others: Record<number, string>): Promise<void> {
  await store.command("drop table schema_views");
  await store.command("truncate table schema_migrations");
  const rows = Object.entries(others).map(([number, name]) => `(${number}, '${name}', 'x', 1)`);
  await store.command(
    `insert into schema_migrations (number, name, checksum, applied) values ${rows.join()}`,
  );
}

test("a ClickHouse with the whole history that was squashed is adopted as it is", async (t) => {
  const { options, store } = emptyStore(t);
  await migrateUp(options);
  const schema = await schemaOf(store);
  const before = names.indexOf(squashed["into"] ?? "") + 1;
  await migrateDown({ ...options, to: before });
  await rename(store, { 1: squashed["first"] ?? "", 13: "0013_x", 14: squashed["last"] ?? "" });
  const later = (await Promise.all([migrateUp(options), migrateUp(options)])).flat();
  assert.deepEqual(later, names.slice(before));
  assert.deepEqual(
    (await select(store, Recorded, recordedNow)).map(({ name }) => name),
    names,
  );
  assert.deepEqual(await schemaOf(store), schema);
  assert.deepEqual(await migrateDown({ ...options, to: names.length - 1 }), [names.at(-1)]);
  assert.deepEqual(await migrateUp(options), [names.at(-1)]);
});

test("a ClickHouse with part of the history that was squashed is left as it is", async (t) => {
  const { options, store } = emptyStore(t);
  await migrateUp(options);
  await rename(store, { 1: squashed["first"] ?? "", 2: "0002_events" });
  await assert.rejects(migrateUp(options), /up to 0002_events.* commit \w{7} first, /);
  await assert.rejects(migrateDown({ ...options, to: 0 }), /up to 0002_events/);
  assert.deepEqual(await select(store, Recorded, recordedNow), [
    { number: 1, name: squashed["first"] },
    { number: 2, name: "0002_events" },
  ]);
});

test("views are made anew when their file changes, and after a migration", async (t) => {
  const { options, store } = emptyStore(t);
  const changed = await mkdtemp(join(tmpdir(), "mosis-views-"));
  t.after(() => rm(changed, { recursive: true }));
  await cp(folder, changed, { recursive: true });
  await migrateUp(options);
  const made = async () => {
    const row = Type.Object({ name: Type.String(), uuid: Type.String() });
    const views = await select(
      store,
      row,
      `select name, toString(uuid) as uuid from system.tables
       where database = currentDatabase() and engine = 'View' and name <> 'app_names' order by name`,
    );
    return new Map(views.map(({ name, uuid }) => [name, uuid]));
  };
  const first = await made();
  await migrateUp(options);
  assert.deepEqual(await made(), first, "what has not changed is left alone");

  const file = join(changed, "views", "audit_events.sql");
  const text = await readFile(file, "utf8");
  await writeFile(
    file,
    text.replace("from audit_events_raw final", "from audit_events_raw final where position > 0"),
  );
  await migrateUp({ ...options, folder: changed });
  const second = await made();
  assert.deepEqual(
    [...second].filter(([name, uuid]) => first.get(name) !== uuid).map(([name]) => name),
    ["audit_events"],
  );
  await writeFile(
    join(changed, "migrations", "0099_extra.sql"),
    "-- Up Migration\ndrop view if exists apps;\n-- Down Migration\nselect 1;\n",
  );
  assert.deepEqual(await migrateUp({ ...options, folder: changed }), ["0099_extra"]);
  const third = await made();
  assert.deepEqual([...third.keys()], [...first.keys()]);
  assert.ok([...third].every(([name, uuid]) => second.get(name) !== uuid));
});
