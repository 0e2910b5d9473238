// What the tests of the api's role share: two developers with everything, and statements to try.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TestContext } from "node:test";
import { many, type Pool, sql, type Sql } from "@mosis/postgres";
import Type from "typebox";
import { startCatalog } from "./support.ts";

export const Row = Type.Record(Type.String(), Type.Unknown());
export const everyone = "*";

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export async function startWithTwo(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  const bob = await catalog.as("bob");
  const ids: Record<string, string> = {};
  for (const [name, developer] of Object.entries({ ada, bob })) {
    const app = await developer.post("/v1/apps", { package_id: `org.mosis.${name}`, name }).expect(201);
    const key = await developer.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
    const webhook = { url: "https://hooks.example.org/", event_types: ["*"] };
    await developer.post("/v1/webhooks", webhook).expect(201);
    const { id: appId } = app.body as { id: string };
    const { id: keyId, secret } = key.body as { id: string; secret: string };
    Object.assign(ids, { [`${name}App`]: appId, [`${name}Key`]: keyId, [`${name}Secret`]: secret });
  }
  await catalog.anyone.post("/v1/developers:request-password-reset", { email: bob.email }).expect(202);
  return { ...catalog, ada, bob, ids };
}

/** What would take a wall down, for whichever role of a process. */
export const sabotages = [
  "set role mosis",
  "set role pg_read_all_data",
  "set session authorization mosis",
  "alter role mosis_api superuser",
  "alter role mosis_api createrole",
  "alter role mosis_api bypassrls",
  "grant pg_read_server_files to mosis_api",
  "create role eve login superuser",
  "alter table apps disable row level security",
  "alter table apps owner to mosis_api",
  "drop policy of_tenant on apps",
  "create policy open on apps using (true)",
  "alter trigger outbox_fill on outbox rename to zz",
  "alter table outbox disable trigger all",
  "set session_replication_role = replica",
  "create table things (n int)",
  "create temporary table developers (id uuid)",
  "create temp view developers as select 1",
  "create schema evil",
  "create function evil() returns int language sql as 'select 1'",
  "create function pg_temp.evil() returns int language sql as 'select 1'",
  "create or replace function mosis_sees(uuid) returns boolean language sql as 'select true'",
  "create extension dblink",
  "create extension file_fdw",
  "create publication all_tables for all tables",
  "create event trigger evil on ddl_command_start execute function evil()",
  "select pg_reload_conf() as done",
  "alter system set log_statement = 'all'",
  "select pg_create_physical_replication_slot('evil')",
  "select set_config('log_statement', 'none', false)",
  "do language plpython3u 'pass'",
  "load '/tmp/evil.so'",
];

/** SQL as it stands: these statements come from nobody's template. */
export function raw(text: string): Sql {
  return sql(Object.assign([text], { raw: [text] }));
}

export async function outcomeOf(db: Pool, text: string): Promise<string> {
  try {
    const rows = await many(db, Row, raw(text));
    return rows.length === 0 ? "nothing" : JSON.stringify(rows);
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

/** Whoever they act for: nobody, a developer, everybody. */
type Tenants = string[];

async function outcomes(apiDb: Pool, tenants: Tenants, statements: string[]): Promise<string[]> {
  const all: string[] = [];
  for (const tenant of tenants) {
    for (const text of statements) all.push(`${await outcomeOf(apiDb.as(tenant), text)}: ${tenant}: ${text}`);
  }
  return all;
}

export async function assertRefused(apiDb: Pool, tenants: Tenants, statements: string[]): Promise<void> {
  const all = await outcomes(apiDb, tenants, statements);
  assert.deepEqual(
    all.filter((outcome) => !outcome.startsWith("refused: ")),
    [],
  );
}

/** For what may be asked and finds nothing. */
export async function assertNothing(apiDb: Pool, tenants: Tenants, statements: string[]): Promise<void> {
  const all = await outcomes(apiDb, tenants, statements);
  assert.deepEqual(
    all.filter((outcome) => !/^(refused|nothing): /.test(outcome)),
    [],
  );
}
