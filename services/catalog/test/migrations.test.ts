import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { execute, many, migrate, openPool, type Queryable, sql } from "@mosis/postgres";
import Type from "typebox";
import { schemaSnapshot } from "./schema-snapshot.ts";
import { emptyDatabase, log, migrations, patience } from "./support.ts";

const names = readdirSync(migrations).map((file) => file.replace(/\.sql$/, ""));

async function openEmpty(t: TestContext) {
  const url = await emptyDatabase(t);
  const bounds = { connectionsMax: 2, ...patience };
  const db = openPool({ url, name: "test", log, ...bounds });
  t.after(() => db.close());
  const run = (direction: "up" | "down", count: number) =>
    migrate({ url, folder: migrations, direction, count, log });
  return { db, run };
}

// Guards "every migration goes up, down and up again to the same schema", each singly.
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

test("what the store shows wrongly is made right, and the rest stays as it was", async (t) => {
  const { db, run } = await openEmpty(t);
  const shown = () =>
    many(
      db,
      Type.Object({ name: Type.String(), description: Type.Union([Type.String(), Type.Null()]) }),
      sql`select name, description, category, state_hash from published_apps order by name`,
    );
  await run(
    "up",
    names.findIndex((name) => name.startsWith("0045_")),
  );
  await execute(db, sql`insert into developers (email, name) values ('ada@mosis.test', 'Ada')`);
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, description, status)
      select id, 'org.mosis.' || made.name, made.name, 'Travel', 'published'
      from developers, unnest(array['chess', 'go']) made (name)`,
  );
  await execute(
    db,
    sql`update apps set description = null, category = 'Travel' where package_id = 'org.mosis.chess'`,
  );
  const before = await shown();
  assert.equal(before[0]?.description, "Travel", "the change was not noticed");
  await run("up", 1);
  const [chess, go] = await shown();
  assert.deepEqual([chess?.description, go], [null, before[1]]);
});

test("apps published before are found like later ones, and on the way down as before", async (t) => {
  const { db, run } = await openEmpty(t);
  const before = names.findIndex((name) => name.startsWith("0063_"));
  const Term = Type.Object({ term: Type.String(), rank: Type.Integer(), app_no: Type.Integer() });
  const terms = () =>
    many(db, Term, sql`select term, rank, app_no from published_app_terms order by 1, 2, 3`);
  const change = (name: string, other: string) =>
    execute(db, sql`update apps set name = ${other}, description = 'Ｇo, go' where name = ${name}`);
  await run("up", before);
  await execute(db, sql`insert into developers (email, name) values ('ada@mosis.test', 'Ada')`);
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, description, category, tags, status)
      select id, 'org.mosis.a' || n, 'Café ' || n, 'Go, go and 微信读书.', 'Éducation', '{No-Ads,Straße}',
             'published'
      from developers, generate_series(1, 4) n`,
  );
  const former = await terms();
  await run("up", 1);
  // Meanwhile one is changed, one goes, and one comes.
  await change("Café 1", "Été");
  await execute(
    db,
    sql`update apps set status = 'suspended', suspended_by = 'admin' where package_id = 'org.mosis.a2'`,
  );
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, status)
      select id, 'org.mosis.new', 'Ｎew', 'published' from developers`,
  );
  await run("up", 1);
  const made = sql`
    select term, rank, app_no from published_apps, app_terms(name, words, published_at, updated_at)
    where folded_name = search_name(name) and name_words = published_name_words(name, package_id)
      and words = published_words(name_words, description, category, tags)
    order by term collate "C", rank, app_no`;
  assert.deepEqual(await terms(), await many(db, Term, made));
  const found = async (term: string) => (await terms()).filter((one) => one.term === term).length;
  assert.deepEqual([await found("w:cafe"), await found("w:读书"), await found("w:ete")], [4, 2, 2]);

  await run("up", Infinity);
  await change("Été", "Café 1");
  await execute(
    db,
    sql`update apps set status = 'published', suspended_by = null where status = 'suspended'`,
  );
  await execute(db, sql`delete from apps where package_id = 'org.mosis.new'`);
  await execute(db, sql`update apps set description = 'Go, go and 微信读书.', updated_at = created_at`);
  await run("down", names.length - before);
  const apart = (all: typeof former) =>
    all
      .map(({ term, rank }) => `${term} ${rank}`)
      .filter((one) => one.startsWith("w:"))
      .toSorted();
  assert.deepEqual(apart(await terms()), apart(former));
});

test("a webhook of before hears what every key may read that could have set it", async (t) => {
  const { db, run } = await openEmpty(t);
  await run(
    "up",
    names.findIndex((name) => name.startsWith("0066_")),
  );
  const owner = (name: string) => sql`(select id from developers where name = ${name})`;
  const withKeys = {
    limited: [
      ["webhooks:write", "apps:read"],
      ["webhooks:write", "apps:read", "keys:read"],
      ["account:read"],
    ],
    whole: [["webhooks:write", "audit:read"]],
    session: [["account:read"]],
  };
  for (const [name, keys] of Object.entries(withKeys)) {
    await execute(db, sql`insert into developers (email, name) values (${`${name}@mosis.test`}, ${name})`);
    for (const [index, permissions] of keys.entries()) {
      await execute(
        db,
        sql`
          insert into api_keys (developer_id, name, key_hash, key_prefix, permissions)
          select ${owner(name)}, 'k', ${`${name} ${index}`}, 'mk_abc', ${JSON.stringify(permissions)}::jsonb`,
      );
    }
    await execute(
      db,
      sql`
        insert into webhooks (id, developer_id, url, host, event_types, description, secret)
        values (gen_random_uuid(), ${owner(name)}, 'https://a.example.org/', 'a.example.org', '{*}',
                ${name}, '')`,
    );
  }
  await run("up", 1);
  const Row = Type.Object({ name: Type.String(), heard: Type.Union([Type.String(), Type.Null()]) });
  const heard = sql`
    select description as name, array_to_string(permissions, ' ') as heard from webhooks order by 1`;
  assert.deepEqual(await many(db, Row, heard), [
    { name: "limited", heard: "apps:read webhooks:write" },
    { name: "session", heard: null },
    { name: "whole", heard: null },
  ]);
});
