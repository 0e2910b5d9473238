// Tests what reaches the embedded ClickHouse: each user with statements that are not theirs, callers without
// a password, and the administrator with files of root.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { insertNative, migrateUp, openClickHouse } from "@mosis/clickhouse";
import { freePorts, readPasswords, type Server, startClickHouse, type StoreUser } from "@mosis/devstack";
import { createLogger } from "@mosis/runtime";
import { eventColumns, rejectedColumns } from "@mosis/types/telemetry-row";
import { eventsNotErased, rejectedNotErased } from "../services/telemetry/src/writer/deleting/left-out.ts";
import { eventsBlock } from "../services/telemetry/test/stored.ts";
import { refusedToAll, refusedToAnalysts, refusedToReaders, refusedToWriter } from "./refused-statements.ts";

const log = createLogger({ service: "test", level: "silent" });
const folder = fileURLToPath(new URL("../infra/clickhouse", import.meta.url));

let dataDir = "";
let server: Server;
let http = "";
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "mosis-store-access-"));
  const [httpPort = 0, tcpPort = 0] = await freePorts(2);
  server = await startClickHouse({ dataDir, httpPort, tcpPort });
  http = `http://127.0.0.1:${httpPort}`;
  await migrateUp({ url: `${server.url}/mosis`, log, requestTimeoutMs: 30_000, folder });
});
after(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

/** Errors that say that ClickHouse refuses, and not that it is unable to. */
const refusals = new Set([
  "ACCESS_DENIED",
  "READONLY",
  "SETTING_CONSTRAINT_VIOLATION",
  "INTO_OUTFILE_NOT_ALLOWED",
  "FUNCTION_NOT_ALLOWED",
  "SUPPORT_IS_DISABLED",
  "USER_SESSION_LIMIT_EXCEEDED",
]);

// INVARIANT 70
test("every statement that is not for an analyst is refused, and none is answered", () =>
  refuses("mosis_analyst", [...refusedToAll, ...refusedToReaders, ...refusedToAnalysts]));

// INVARIANT 70
test("every statement that is not for the query service is refused, and none is answered", () =>
  refuses("mosis_query", [...refusedToAll, ...refusedToReaders]));

// INVARIANT 70
test("every statement that is not for the writer is refused, and none is answered", () =>
  refuses("mosis_writer", [...refusedToAll, ...refusedToWriter]));

test("the writer may store what a replay sends, without what was erased", async (t) => {
  const url = new URL(`${http}/mosis`);
  [url.username, url.password] = ["mosis_writer", readPasswords(dataDir).mosis_writer];
  const store = openClickHouse({ url: url.href, log, requestTimeoutMs: 30_000 });
  t.after(() => store.close());
  const blocks = [eventsBlock([{ app_id: randomUUID(), client_time: Date.now(), key: 1 }])];
  const events = { table: "events_raw", columns: eventColumns, blocks, from: eventsNotErased };
  assert.deepEqual(await insertNative(store, events), { rows: 1 });
  const none = { table: "rejected_events_raw", columns: rejectedColumns, blocks: [] };
  const rejected = { ...none, from: rejectedNotErased(rejectedColumns) };
  assert.deepEqual(await insertNative(store, rejected), { rows: 0 });
});

// INVARIANT 70
test("a login without a password answers nothing, whatever it is asked", async () => {
  const logins: Record<string, string>[] = [
    {},
    ...["default", "mosis_admin", "mosis_analyst", "mosis_dictionary", "root"].map((user) => ({
      "x-clickhouse-user": user,
    })),
  ];
  for (const headers of logins) {
    for (const statement of ["select 1", "show grants", "select version()", ...refusedToAll.slice(0, 3)]) {
      const answer = await fetch(http, { method: "POST", headers, body: statement });
      assert.ok(!answer.ok, `${JSON.stringify(headers)} ${statement}: ${await answer.text()}`);
      await answer.arrayBuffer().catch(() => {});
    }
  }
});

test("a web page can neither ask nor read, with a form or with a script", async () => {
  const page = { origin: "https://page.example", referer: "https://page.example/" };
  const form = "application/x-www-form-urlencoded";
  for (const type of [form, "text/plain", "multipart/form-data; boundary=x"]) {
    const answer = await fetch(http, {
      method: "POST",
      headers: { ...page, "content-type": type },
      body: "select 1",
    });
    assert.ok(!answer.ok, type);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  }
  const preflight = await fetch(http, {
    method: "OPTIONS",
    headers: { ...page, "access-control-request-headers": "x-clickhouse-user" },
  });
  assert.equal(preflight.headers.get("access-control-allow-origin"), null);
  const asLink = await fetch(`${http}/?query=select%201`, { headers: page });
  assert.ok(!asLink.ok);
});

test("no file of root is read or written, even for the administrator", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("the server runs as the person who tests");
  const secret = join(dataDir, "secret");
  writeFileSync(secret, "only root may know\n", { mode: 0o600 });
  for (const path of [
    "/etc/shadow",
    secret,
    join(dataDir, "passwords.json"),
    `/proc/${process.pid}/environ`,
  ]) {
    const statement = `select * from file('${path}', 'LineAsString')`;
    const { ok, text } = await ask("mosis_admin", statement);
    assert.ok(!ok && /Permission denied|CANNOT_|FILE_DOESNT_EXIST|ACCESS/.test(text), `${path}: ${text}`);
  }
  const written = join(dataDir, "written");
  const { ok } = await ask(
    "mosis_admin",
    `insert into function file('${written}', 'TSV', 'a Int8') select 1`,
  );
  assert.ok(!ok);
  assert.throws(() => statSync(written), /ENOENT/);
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  assert.match(status, /^Uid:\t(?!0\t)(\d+)\t\1\t\1\t\1$/m);
  assert.match(status, /^CapEff:\t0+$/m);
  assert.match(status, /^CapPrm:\t0+$/m);
});

test("an analyst reads a property of an event, and drivers may set what they set by themselves", async () => {
  for (const statement of [
    "select properties_number['x'], properties_string['x'], properties['x'] from mosis.events",
    "select mapKeys(properties_number), mapContains(properties_string, 'x') from mosis.events_raw",
    "select 1 settings max_execution_time = 30, max_threads = 1, max_block_size = 1000",
    "select dictGetOrDefault('mosis.apps_dictionary', 'name', generateUUIDv4(), '')",
  ]) {
    const { ok, text } = await ask("mosis_analyst", statement);
    assert.ok(ok, `${statement}: ${text}`);
  }
});

/**
 * Parameters of requests as drivers send them, with the statements that a tool runs while it reads the
 * schema.
 */
const drivers = [
  {
    // clickhouse-go 2, and so Grafana's data source.
    params: {
      client_protocol_version: "54460",
      compress: "1",
      database: "mosis_analysts",
      default_format: "Native",
      max_execution_time: "60",
      network_compression_method: "LZ4",
    },
    statements: [
      "SELECT displayName(), version(), revision(), timezone()",
      "select name from system.databases",
      "select name, type from system.columns where database='mosis_analysts' and table='events'",
    ],
  },
  {
    // The JDBC driver 0.9, and so Metabase and DBeaver.
    params: { async_insert: "0", compress: "1", wait_end_of_query: "0" },
    statements: [
      "SELECT name AS TABLE_SCHEM, '' AS TABLE_CATALOG FROM system.databases ORDER BY name",
      "SELECT t.name, t.engine FROM system.tables t JOIN system.databases d ON d.name = t.database",
      "SELECT database, table, name, type, default_expression, comment, position FROM system.columns",
      "SELECT name, is_aggregate, origin FROM system.functions",
    ],
  },
  {
    // clickhouse-connect, and so SQLAlchemy and Superset.
    params: { client_protocol_version: "54405", database: "mosis_analysts", wait_end_of_query: "1" },
    statements: [
      "SELECT name, value, readonly FROM system.settings LIMIT 10000 FORMAT Native",
      "EXISTS TABLE `events` FORMAT Native",
      "DESCRIBE TABLE `events` FORMAT Native",
      "SELECT engine, engine_full, comment FROM system.tables WHERE name = 'events' FORMAT Native",
      "SHOW DATABASES FORMAT Native",
    ],
  },
  {
    // @clickhouse/client with compression.
    params: { database: "mosis_analysts", enable_http_compression: "1" },
    statements: ["select * from events limit 1 FORMAT JSONEachRow"],
  },
];

test("an analyst connects with drivers as they are, with the settings that these send", async () => {
  for (const { params, statements } of drivers) {
    for (const statement of statements) {
      const { ok, text } = await ask("mosis_analyst", statement, params);
      assert.ok(ok, `${JSON.stringify(params)} ${statement}: ${text}`);
    }
  }
});

test("an analyst reads every view of theirs whole, and tools see its schema", async () => {
  const views = ["apps", "events", "ingest_batches", "outcomes", "rejected_events", "warnings"];
  for (const view of views) {
    for (const statement of [
      `select * from mosis_analysts.${view}`,
      `describe mosis_analysts.${view}`,
      `show create table mosis_analysts.${view}`,
      `show columns from mosis_analysts.${view}`,
    ]) {
      const { ok, text } = await ask("mosis_analyst", statement);
      assert.ok(ok, `${statement}: ${text}`);
    }
  }
  const own = "where table_schema = 'mosis_analysts' order by 1";
  const lists = [
    `select table_name from information_schema.tables ${own}`,
    `select distinct table_name from information_schema.columns ${own}`,
    "select name from system.tables where database = 'mosis_analysts' order by 1",
  ];
  for (const list of lists)
    assert.equal((await ask("mosis_analyst", list)).text, `${views.join("\n")}\n`, list);
  // Columns that they may not read are in no list.
  const hidden = await ask(
    "mosis_analyst",
    `select column_name from information_schema.columns where column_name in ('install_id', 'raw', 'payload')
    union all select table_name from information_schema.tables where table_name like 'audit%'`,
  );
  assert.deepEqual(hidden, { ok: true, text: "" });
  // Arrow has no name for the numbers of an Enum.
  const kind = "select distinct type from system.columns where database = 'mosis_analysts' and name = 'kind'";
  assert.equal((await ask("mosis_analyst", kind)).text, "String\n");
});

test("every table and column says what it is", async () => {
  const silent = `select database, table, name from system.columns
    where database in ('mosis', 'mosis_analysts') and comment = '' and table <> 'apps_dictionary'
    union all select database, name, '' from system.tables
    where database in ('mosis', 'mosis_analysts') and comment = '' and name <> 'apps_dictionary'`;
  assert.deepEqual(await ask("mosis_admin", silent), { ok: true, text: "" });
});

test("the writer takes out what tells of a deleted account, and reads no more for it", async () => {
  for (const statement of [
    "alter table mosis.audit_events_raw update payload = '{}' where developer_id = generateUUIDv4()",
    "alter table mosis.apps_raw update name = '' where developer_id = generateUUIDv4()",
    "select distinct developer_id from mosis.audit_events_raw where action = 'developer.deleted'",
    "select count() from mosis.audit_events_raw where payload <> concat('{', '}')",
  ]) {
    const { ok, text } = await ask("mosis_writer", statement);
    assert.ok(ok, `${statement}: ${text}`);
  }
});

test("the writer sums up old deliveries, and drops the month", async () => {
  for (const statement of [
    "select app_id, sum(accepted), sum(warned) from mosis.ingest_batches_raw final group by app_id",
    "select count() from mosis.outcome_days_raw final",
    "insert into mosis.folded_months_raw select 202001, now64(3)",
    "alter table mosis.ingest_batches_raw drop partition id '202001'",
    "alter table mosis.outcomes_raw drop partition id '202001'",
  ]) {
    const { ok, text } = await ask("mosis_writer", statement);
    assert.ok(ok, `${statement}: ${text}`);
  }
});

test("queries of analysts leave slots and memory to the writer and to the query service", async () => {
  const sleeps = Array.from({ length: 12 }, () =>
    ask("mosis_analyst", "select sleepEachRow(0.5) from numbers(6) settings max_block_size = 1"),
  );
  const answers = await Promise.all(sleeps);
  const refused = answers.filter(({ text }) => text.includes("TOO_MANY_SIMULTANEOUS_QUERIES"));
  assert.ok(refused.length >= 4, `${refused.length} of 12 were refused`);
  const greedy = "select length(groupArray(toString(number))) from numbers(200000000)";
  const { ok, text } = await ask("mosis_analyst", greedy);
  assert.ok(!ok && text.includes("MEMORY_LIMIT_EXCEEDED"), text);
});

async function ask(
  user: StoreUser,
  statement: string,
  params: Record<string, string> = {},
): Promise<{ ok: boolean; text: string }> {
  const headers = { "x-clickhouse-user": user, "x-clickhouse-key": readPasswords(dataDir)[user] };
  const url = `${http}/?${new URLSearchParams(params).toString()}`;
  const answer = await fetch(url, { method: "POST", headers, body: statement });
  return { ok: answer.ok, text: await answer.text() };
}

async function refuses(user: StoreUser, statements: readonly string[]): Promise<void> {
  const faults: string[] = [];
  for (const statement of statements) {
    const { ok, text } = await ask(user, statement);
    if (ok || !isRefusal(text)) faults.push(`${statement}: ${text.slice(0, 200)}`);
  }
  assert.deepEqual(faults, []);
}

function isRefusal(text: string): boolean {
  const code = /\(([A-Z_0-9]+)\) \(version/.exec(text)?.[1] ?? "";
  return refusals.has(code) || text.includes("the_function_file_is_closed");
}
