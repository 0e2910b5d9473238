import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Client } from "pg";
import { freePorts, readPasswords, type Server } from "../src/index.ts";
import { startPostgres } from "../src/postgres.ts";

const reachFiles = [
  "copy (select 1) to program 'touch /tmp/mosis-program'",
  "copy (select 1) to '/tmp/mosis-file'",
  "create temporary table lines (line text); copy lines from program 'id'",
  "create temporary table lines (line text); copy lines from '/etc/passwd'",
  "select pg_read_file('/etc/passwd')",
  "select pg_read_file('postgresql.conf')",
  "select pg_read_binary_file('/etc/passwd')",
  "select pg_ls_dir('/')",
  "select pg_stat_file('/etc/passwd')",
  "select pg_ls_logdir()",
  "select pg_current_logfile()",
  "select lo_import('/etc/passwd')",
  "select lo_export(lo_from_bytea(0, 'x'), '/tmp/mosis-file')",
  "create function run(text) returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'system'",
  "create extension file_fdw",
  "create extension adminpack",
  "create extension dblink",
  "create extension plpython3u",
  "load '/tmp/library.so'",
  "alter system set archive_command = 'touch /tmp/mosis-program'",
  "set session_preload_libraries = '/tmp/library'",
  "select set_config('dynamic_library_path', '/tmp', false)",
  "select pg_reload_conf()",
  "select pg_rotate_logfile()",
  "create subscription pull connection 'host=127.0.0.1' publication all_of_it",
  "create tablespace elsewhere location '/tmp'",
  "set role postgres",
  "set session authorization postgres",
  "alter role mosis superuser",
  "alter role postgres password 'x'",
  "grant pg_execute_server_program to mosis",
  "grant pg_read_server_files to mosis",
  "create role another superuser",
  "create role another in role pg_write_server_files",
  "create role another replication",
  "create role another bypassrls",
  "select * from pg_authid",
  "select passwd from pg_shadow",
  "select * from pg_hba_file_rules",
  "update pg_database set datistemplate = false",
  "set allow_system_table_mods = on",
];

// INVARIANT 70
test("no login that is written anywhere reads a file, runs a program or becomes superuser", async (t) => {
  const { dataDir, start } = await newServer(t);
  const server = await start();
  assert.equal(statSync(join(dataDir, "passwords.json")).mode & 0o777, 0o600);
  for (const statement of reachFiles) {
    await assert.rejects(
      ask(server.url, statement),
      /permission denied|must be|only roles|only superuser|not available|not allowed/i,
      statement,
    );
  }
});

// INVARIANT 70
test("nobody gets in with a password that everybody knows", async (t) => {
  const { start } = await newServer(t);
  const { url } = await start();
  for (const user of ["mosis", "postgres", "root", "mosis_api"]) {
    for (const password of ["mosis", "mosis_api", "postgres", ""]) {
      const guess = new URL(url);
      Object.assign(guess, { username: user, password, pathname: "/postgres" });
      await assert.rejects(ask(guess.href, "select 1"), `${user}:${password}`);
    }
  }
});

test("below a folder that only root may enter a server runs without any capability", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("the server runs as the person who tests");
  const { start } = await newServer(t, "closed");
  const server = await start();
  assert.deepEqual(await ask(server.url, "select 1 as one"), [{ one: 1 }]);
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  assert.match(status, /^Uid:\t(?!0\t)(\d+)\t\1\t\1\t\1$/m);
  for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) {
    assert.match(status, new RegExp(`^Cap${set}:\\t0+$`, "m"));
  }
});

test("a cluster whose owner was the superuser is upgraded, with all that it holds", async (t) => {
  const { dataDir, start } = await newServer(t);
  const first = await start();
  await ask(
    first.url,
    `create extension pg_trgm; create schema store; create type store.mood as enum ('glad');
    create table store.apps (id serial primary key, mood store.mood); create view apps as table store.apps;
    create function answer() returns int language sql return 42; insert into store.apps values (1, 'glad');
    create role mosis_api login; grant select on store.apps to mosis_api`,
  );
  await ask(first.url, "create database other");
  await downgrade(first.url, readPasswords(dataDir).postgres);
  await first.stop();
  rmSync(join(dataDir, "passwords.json"));

  const second = await start();
  const mayDo = "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user";
  assert.deepEqual(await ask(second.url, mayDo), [
    { rolsuper: false, rolcreatedb: true, rolcreaterole: true },
  ]);
  assert.deepEqual(await ask(second.url, "select mood from apps"), [{ mood: "glad" }]);
  await ask(second.url, "alter role mosis_api password 'x'");
  await ask(second.url, "drop schema store cascade; drop function answer()");
  await ask(second.url, "drop database other");
  const superusers = "select rolname from pg_roles where rolsuper";
  assert.deepEqual(await ask(second.url, superusers), [{ rolname: "postgres" }]);
  const old = new URL(second.url);
  old.password = "mosis";
  await assert.rejects(ask(old.href, "select 1"), /password authentication failed/);

  rmSync(join(dataDir, "passwords.json"));
  await second.stop();
  await assert.rejects(start(), /passwords\.json of the data folder is not that of its databases/);
});

/** Turns a server into what earlier versions left: one superuser, `mosis`, that owns everything. */
async function downgrade(url: string, password: string): Promise<void> {
  const as = (username: string) => Object.assign(new URL(url), { username, password }).href;
  await ask(as("postgres"), "reassign owned by mosis to postgres; drop owned by mosis; drop role mosis");
  await ask(as("postgres"), `create role changer superuser login password '${password}'`);
  await ask(as("changer"), "alter role postgres rename to mosis; alter role mosis password 'mosis'");
  await ask(Object.assign(new URL(as("mosis")), { password: "mosis" }).href, "drop role changer");
}

/** @param below a name for a folder between, which only its owner may enter. */
async function newServer(t: TestContext, below = "") {
  const folder = mkdtempSync(join(tmpdir(), "mosis-postgres-"));
  const dataDir = join(folder, below);
  const [port = 0] = await freePorts(1);
  const servers: Server[] = [];
  t.after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true });
  });
  const start = async () => {
    const server = await startPostgres({ dataDir, port });
    servers.push(server);
    return server;
  };
  return { dataDir, start };
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
