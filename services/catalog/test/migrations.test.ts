import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { execute, many, migrate, openPool, type Queryable, sql } from "@mosis/postgres";
import Type from "typebox";
import { schemaSnapshot } from "./schema-snapshot.ts";
import { emptyDatabase, log, patience, schemaFolder } from "./support.ts";

const names = readdirSync(join(schemaFolder, "migrations")).map((file) => file.replace(/\.sql$/, ""));

async function openEmpty(t: TestContext) {
  const url = await emptyDatabase(t);
  const bounds = { connectionsMax: 2, ...patience };
  const db = openPool({ url, name: "test", log, ...bounds });
  t.after(() => db.close());
  const run = (direction: "up" | "down", count: number) =>
    migrate({ url, folder: schemaFolder, direction, count, log });
  return { db, run };
}

// Guards "every migration goes up, down and up again to the same schema", each singly.
// INVARIANT 61
test("every migration goes up, down to what was before it, and up again to the same schema", async (t) => {
  const { db, run } = await openEmpty(t);
  let before = await schemaSnapshot(db);
  assert.deepEqual(before, []);
  for (const name of names) {
    assert.deepEqual(await run("up", 1), [name]);
    const after = await schemaSnapshot(db);
    assert.notDeepEqual(after, before, `${name} changes something that the snapshot sees`);
    assert.deepEqual(await run("down", 1), [name]);
    assert.deepEqual(await schemaSnapshot(db), before, `${name} down`);
    assert.deepEqual(await run("up", 1), [name]);
    assert.deepEqual(await schemaSnapshot(db), after, `${name} up again`);
    before = after;
  }
  await t.test("and every table, view, column and function says what it is", async () =>
    assert.deepEqual(await silentThings(db), []),
  );
  await run("down", Infinity);
  assert.deepEqual(await schemaSnapshot(db), []);
});

/** What psql and tools for databases show without a comment. */
async function silentThings(db: Queryable): Promise<string[]> {
  const rows = await many(
    db,
    Type.Object({ what: Type.String() }),
    sql`
      with relations as (
        select oid, relname::text from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
      ), things (classoid, objoid, objsubid, what) as (
        select 'pg_class'::regclass, oid, 0, relname from relations
        union all
        select 'pg_class'::regclass, oid, attnum, relname || '.' || attname
        from relations join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
        union all
        select 'pg_proc'::regclass, oid, 0, oid::regprocedure::text from pg_proc
        where pronamespace = 'public'::regnamespace
          and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
      )
      select what from things left join pg_description using (classoid, objoid, objsubid)
      where coalesce(trim(description), '') = '' order by what`,
  );
  return rows.map(({ what }) => what);
}

// The five core tables are the user's document, word for word: core-tables.sql is copied from it.
// INVARIANT 61
test("migrations 1 to 5 make the five core tables exactly as the database selection has them", async (t) => {
  const { db, run } = await openEmpty(t);
  const document = await openEmpty(t);
  const text = readFileSync(new URL("core-tables.sql", import.meta.url), "utf8");
  for (const statement of text.split(";").filter((part) => part.trim() !== "")) {
    await execute(document.db, sql`${rawSql(statement)}`);
  }
  await run("up", 5);
  const made = await schemaSnapshot(db);
  assert.deepEqual(made, await schemaSnapshot(document.db));
  const tables = made.flatMap((line) => /^relation (\w+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(tables, ["api_keys", "app_versions", "apps", "developers", "signing_keys"]);
});

/** Text of a file of ours as SQL. */
function rawSql(text: string) {
  return sql(Object.assign([text], { raw: [text] }));
}

test("later migrations leave the columns of the core tables as they were, and their rows too", async (t) => {
  const { db, run } = await openEmpty(t);
  const rowsOf = () =>
    many(
      db,
      Type.Object({ app: Type.String(), hash: Type.String() }),
      sql`
        select (apps.id, apps.developer_id, package_id, apps.name, description, category, tags, status,
                apps.created_at, apps.updated_at)::text as app,
               key_hash as hash
        from developers join apps on apps.developer_id = developers.id
             join api_keys on api_keys.developer_id = developers.id`,
    );
  await run("up", 5);
  const columns = async () => (await schemaSnapshot(db)).filter((line) => line.startsWith("column"));
  const coreColumns = await columns();
  await execute(db, sql`insert into developers (email, name) values ('Ada@mosis.test', 'Ada')`);
  await execute(
    db,
    sql`insert into apps (developer_id, package_id, name) select id, 'org.mosis.go', 'Go' from developers`,
  );
  await execute(
    db,
    sql`
      insert into api_keys (developer_id, name, key_hash, key_prefix)
      select id, 'k', 'hash', 'mk_abc' from developers`,
  );
  const rows = await rowsOf();
  assert.equal(rows.length, 1);

  await run("up", Infinity);
  const all = new Set(await columns());
  // Twenty characters have no room for a semantic version with its build.
  const widened = coreColumns.filter((column) => !all.has(column));
  assert.ok(widened.length === 1 && widened[0]?.includes("app_versions.version_name"), String(widened));
  assert.deepEqual(await rowsOf(), rows);
  await run("down", names.length - 5);
  assert.deepEqual(await columns(), coreColumns);
  assert.deepEqual(await rowsOf(), rows);
});

// Rows of the core tables may be older than the store.
test("apps that were published before there was a store are in it, and are found", async (t) => {
  const { db, run } = await openEmpty(t);
  await run("up", 5);
  await execute(db, sql`insert into developers (email, name) values ('ada@mosis.test', 'Ada')`);
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, category, tags, status)
      select id, 'org.mosis.' || made.name, made.name, 'Éducation', '{Straße}', made.status
      from developers,
           (values ('Café', 'published'), ('Go', 'suspended'), ('Hex', null)) made (name, status)`,
  );
  await run("up", Infinity);
  const App = Type.Object({
    name: Type.String(),
    status: Type.String(),
    by: Type.Union([Type.String(), Type.Null()]),
  });
  assert.deepEqual(
    await many(db, App, sql`select name, status, suspended_by as by from apps order by name`),
    [
      { name: "Café", status: "published", by: null },
      { name: "Go", status: "suspended", by: "admin" },
      { name: "Hex", status: "draft", by: null },
    ],
  );
  const Found = Type.Object({ term: Type.String(), answer: Type.String() });
  const found = await many(
    db,
    Found,
    sql`
      select distinct term, answer from published_app_terms
           join published_apps using (app_no) join published_app_answers using (app_id)
      where term in ('w:cafe', 'w:go', 'w:t:strasse') order by term`,
  );
  assert.deepEqual(
    found.map(({ term }) => term),
    ["w:cafe", "w:t:strasse"],
  );
  assert.match(found[0]?.answer ?? "", /"name" : "Café"/);
});

const squashed = JSON.parse(readFileSync(join(schemaFolder, "squashed.json"), "utf8")) as Record<
  string,
  string
>;

/** Puts other names after those of the core tables, and forgets the routines, as it was before. */
async function rename(db: Queryable, others: string[]): Promise<void> {
  await execute(db, sql`drop table schema_routines`);
  await execute(db, sql`delete from schema_migrations where name > '0006'`);
  await execute(
    db,
    sql`
      insert into schema_migrations (name, run_on)
      select name, now() + place * interval '1 ms'
      from unnest(${others}::text[]) with ordinality _ (name, place)`,
  );
}

async function recorded(db: Queryable): Promise<string[]> {
  const rows = await many(
    db,
    Type.Object({ name: Type.String() }),
    sql`select name from schema_migrations order by run_on, id`,
  );
  return rows.map(({ name }) => name);
}

// INVARIANT 61
test("a database with the whole history that was squashed is adopted as it is", async (t) => {
  const { db, run } = await openEmpty(t);
  await run("up", Infinity);
  const schema = await schemaSnapshot(db);
  await rename(db, [squashed["first"] ?? "", "0065_search_indexes", squashed["last"] ?? ""]);
  assert.deepEqual((await Promise.all([run("up", Infinity), run("up", Infinity)])).flat(), []);
  assert.deepEqual(await recorded(db), names);
  assert.deepEqual(await schemaSnapshot(db), schema);
  assert.deepEqual(await run("down", 1), [names.at(-1)]);
  assert.deepEqual(await run("up", Infinity), [names.at(-1)]);
  assert.deepEqual(await schemaSnapshot(db), schema);
});

// INVARIANT 61
test("a database with part of the history that was squashed is left as it is", async (t) => {
  const { db, run } = await openEmpty(t);
  await run("up", Infinity);
  const others = [squashed["first"] ?? "", "0065_search_indexes"];
  await rename(db, others);
  const schema = await schemaSnapshot(db);
  for (const direction of ["up", "down"] as const) {
    await assert.rejects(run(direction, Infinity), /up to 0065_.* commit \w{7} first, .* 0066_webhooks/);
  }
  assert.deepEqual(await recorded(db), [...names.slice(0, 5), ...others]);
  assert.deepEqual(await schemaSnapshot(db), schema);
});
