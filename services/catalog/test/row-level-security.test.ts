import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, one, type Pool, sql, transaction } from "@mosis/postgres";
import Type from "typebox";
import { record, systemAuthor } from "../src/changes/outbox/record.ts";
import { startCatalog } from "./support.ts";

const Seen = Type.Object({ table: Type.String(), rows: Type.Integer() });

/** How many rows of each table a pool sees, of those that the api's role may read. */
async function seen(db: Pool): Promise<Record<string, number>> {
  const tables = await many(
    db,
    Seen,
    sql`
      select relname as table,
             (xpath('/row/n/text()',
                    query_to_xml(format('select count(*) as n from %I', relname), false, true, ''))
             )[1]::text::int as rows
      from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r'
        and has_any_column_privilege('mosis_api', oid, 'select')
      order by relname`,
  );
  return Object.fromEntries(tables.map(({ table, rows }) => [table, rows]));
}

async function startWithTwo(t: Parameters<typeof startCatalog>[0]) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  const bob = await catalog.as("bob");
  for (const [index, developer] of [ada, bob].entries()) {
    const package_id = `org.mosis.app${index}`;
    await developer.post("/v1/apps", { package_id, name: "App" }).expect(201);
    await developer.post("/v1/keys", { name: "k", kind: "ingest", package_ids: [package_id] }).expect(201);
  }
  return { ...catalog, ada, bob };
}

// INVARIANT 40
test("the database shows the api nobody's rows but those of whom it acts for", async (t) => {
  const { apiDb, db, ada } = await startWithTwo(t);
  const all = await seen(db);
  assert.equal(all["apps"], 2);

  assert.deepEqual(await seen(apiDb.as("*")), all);
  const nobody = await seen(apiDb);
  assert.deepEqual(
    Object.values(nobody).filter((rows) => rows > 0),
    [],
    JSON.stringify(nobody),
  );

  const own = await seen(apiDb.as(ada.id));
  for (const table of ["developers", "apps", "api_keys", "api_key_apps", "sessions"]) {
    assert.deepEqual([table, own[table]], [table, 1]);
  }
  // The same connections, for somebody else and for nobody: nothing of the last one stays.
  assert.deepEqual(await seen(apiDb), nobody);
});

// INVARIANT 40
test("a change without a condition changes one's own rows, and none is put among others'", async (t) => {
  const { apiDb, db, ada, bob } = await startWithTwo(t);
  const asAda = apiDb.as(ada.id);

  assert.equal(await execute(asAda, sql`update apps set name = 'changed'`), 1);
  assert.equal(await execute(asAda, sql`delete from api_keys`), 1);
  const foreign = [
    sql`insert into apps (developer_id, package_id, name) values (${bob.id}, 'org.mosis.mine', 'Mine')`,
    sql`update apps set developer_id = ${bob.id}`,
    sql`
      insert into signing_keys (developer_id, name, public_key, fingerprint)
      values (${bob.id}, '', '', '')`,
  ];
  for (const statement of foreign) {
    await assert.rejects(execute(asAda, statement), /row-level security|permission denied/);
  }
  const inTrailOfBob = transaction(asAda, (tx) =>
    record(tx, systemAuthor(bob.id, ""), {
      action: "app.created",
      target: { type: "app", id: "" },
      payload: {},
    }),
  );
  await assert.rejects(inTrailOfBob, /row-level security/);

  const Name = Type.Object({ name: Type.String() });
  const names = await many(db, Name, sql`select name from apps order by package_id`);
  assert.deepEqual(names, [{ name: "changed" }, { name: "App" }]);
});

// INVARIANT 40
test("the api's role owns nothing, and every table that it may touch has a policy", async (t) => {
  const { apiDb, db } = await startCatalog(t);
  const Role = Type.Object({ powers: Type.Boolean(), owns: Type.Integer(), open: Type.Array(Type.String()) });
  const role = await one(
    db,
    Role,
    sql`
      select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as powers,
             (select count(*)::int from pg_class where relowner = pg_roles.oid) as owns,
             array(select relname::text from pg_class
                   where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm', 'f')
                     and (has_any_column_privilege('mosis_api', oid, 'select, insert, update')
                          or has_table_privilege('mosis_api', oid, 'delete'))
                     and not relrowsecurity) as open
      from pg_roles where rolname = 'mosis_api'`,
  );
  assert.deepEqual(role, { powers: false, owns: 0, open: [] });

  const forbidden = [
    sql`select payload from outbox`,
    sql`delete from outbox`,
    sql`truncate apps`,
    sql`alter table apps disable row level security`,
    sql`create table things (n int)`,
    sql`select name from schema_migrations`,
    sql`set session authorization mosis`,
  ];
  for (const statement of forbidden) {
    await assert.rejects(execute(apiDb.as("*"), statement), /permission denied|must be owner/);
  }
});
