import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import Type from "typebox";
import { execute, many, migrate, one, sql, transaction } from "../src/index.ts";
import { freshDatabase, log, testPool } from "./support.ts";

const Name = Type.Object({ name: Type.String() });

/** A database, and a folder with migrations and routines for it. */
async function openSchema(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "mosis-routines-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const part of ["migrations", "routines"]) await mkdir(join(folder, part));
  const url = await freshDatabase(t);
  const db = testPool(t, url);
  return {
    db,
    run: (direction: "up" | "down", count?: number) =>
      migrate({ url, folder, direction, ...(count === undefined ? {} : { count }), log }),
    migration: (name: string, up: string, down: string) =>
      writeFile(
        join(folder, "migrations", `${name}.sql`),
        `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`,
      ),
    routine: (name: string, create: string, drop: string) =>
      writeFile(join(folder, "routines", `${name}.sql`), `-- Create\n${create}\n-- Drop\n${drop}\n`),
    names: async () =>
      (await many(db, Name, sql`select name from names order by name`)).map(({ name }) => name),
    /** When the routines were made, as transactions. */
    transactions: async () =>
      (await many(db, Name, sql`select xmin::text as name from schema_routines order by 1`)).map(
        ({ name }) => name,
      ),
  };
}

const things = ["create table things (name varchar(5) not null);", "drop table things;"] as const;
const shout = (how: string) => `
  create or replace function shout() returns trigger language plpgsql as $$
  begin new.name := ${how}; return new; end $$;
  create or replace trigger shout before insert on things for each row execute function shout();`;
const noShout = "drop trigger shout on things; drop function shout();";
const view = [
  "create or replace view names as select name::text as name from things;",
  "drop view names;",
] as const;

// INVARIANT 61
test("routines are made after the last migration, and anew when their file changes", async (t) => {
  const { db, run, migration, routine, names, transactions } = await openSchema(t);
  await migration("0001_things", ...things);
  await routine("names", ...view);
  await routine("shout", shout("upper(new.name)"), noShout);
  const runs = await Promise.all([run("up"), run("up"), run("up")]);
  assert.deepEqual(runs.flat(), ["0001_things"]);
  await execute(db, sql`insert into things values ('a')`);
  assert.deepEqual(await names(), ["A"]);
  const [first, ...others] = await transactions();
  assert.deepEqual(others, [first], "all of them in one transaction");

  await run("up");
  assert.deepEqual(await transactions(), [first, first], "what has not changed is left alone");
  await routine("shout", shout("new.name || '!'"), noShout);
  await run("up");
  await execute(db, sql`insert into things values ('b')`);
  assert.deepEqual(await names(), ["A", "b!"]);
  assert.equal((await transactions()).filter((one) => one === first).length, 1, "the view is left alone");
});

test("a routine that fails leaves all as they were, and the next run makes them", async (t) => {
  const { run, migration, routine, names } = await openSchema(t);
  await migration("0001_things", ...things);
  await routine("names", ...view);
  await run("up");
  await routine(
    "names",
    "create or replace view names as select name::text || '?' as name from things;",
    view[1],
  );
  await routine("shout", "select nonsense;", noShout);
  await assert.rejects(run("up"), /routines\/shout\.sql: .*nonsense/);
  assert.deepEqual(await names(), []);
  await routine("shout", shout("new.name"), noShout);
  assert.deepEqual(await run("up"), []);
});

test("after a migration all routines are made anew, also those that stood in its way", async (t) => {
  const { db, run, migration, routine, names } = await openSchema(t);
  await migration("0001_things", ...things);
  await routine("names", ...view);
  await run("up");
  await migration(
    "0002_wider",
    "drop view names; alter table things alter column name type varchar(9);",
    "alter table things alter column name type varchar(5);",
  );
  assert.deepEqual(await run("up"), ["0002_wider"]);
  await execute(db, sql`insert into things values ('123456789')`);
  assert.deepEqual(await names(), ["123456789"]);
});

test("routines go before the first migration that is taken back, and belong to the last one", async (t) => {
  const { db, run, migration, routine } = await openSchema(t);
  await migration("0001_things", ...things);
  await migration(
    "0002_more",
    "alter table things add column more int;",
    "alter table things drop column more;",
  );
  await routine("names", ...view);
  await routine("shout", shout("new.name"), noShout);
  const routines = () =>
    one(
      db,
      Type.Object({ views: Type.Integer(), functions: Type.Integer() }),
      sql`
        select (select count(*)::int from pg_views where viewname = 'names') as views,
               (select count(*)::int from pg_proc where proname = 'shout') as functions`,
    );
  assert.deepEqual(await run("up", 1), ["0001_things"]);
  assert.deepEqual(await routines(), { views: 0, functions: 0 });
  assert.deepEqual(await run("up", 1), ["0002_more"]);
  assert.deepEqual(await routines(), { views: 1, functions: 1 });
  assert.deepEqual(await run("down", 1), ["0002_more"]);
  assert.deepEqual(await routines(), { views: 0, functions: 0 });
  assert.deepEqual(await run("up"), ["0002_more"]);
  assert.deepEqual(await routines(), { views: 1, functions: 1 });
});

test("routines that do not get a lock let everybody pass, and are made when it is free", async (t) => {
  const { db, run, migration, routine, names } = await openSchema(t);
  await migration("0001_things", ...things);
  await routine("names", ...view);
  await routine("shout", shout("upper(new.name)"), noShout);
  await run("up");
  await routine("shout", shout("new.name || '!'"), noShout);
  let migrating: Promise<string[]> | undefined;
  await transaction(db, async (tx) => {
    await execute(tx, sql`insert into things values ('a')`);
    migrating = run("up");
    // Twice it has waited for the writer and given up.
    const seen = new Set<number>();
    while (seen.size < 2) {
      const waiting = await many(
        db,
        Type.Object({ pid: Type.Integer() }),
        sql`
          select pid from pg_stat_activity
          where application_name = 'mosis-migrate' and wait_event = 'relation'
            and datname = current_database()`,
      );
      for (const { pid } of waiting) seen.add(pid);
    }
  });
  assert.deepEqual(await migrating, []);
  await execute(db, sql`insert into things values ('b')`);
  assert.deepEqual(await names(), ["A", "b!"]);
});
