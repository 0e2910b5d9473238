import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { createLogger } from "@mosis/runtime";
import Type from "typebox";
import {
  type ClickHouse,
  ClickHouseRefused,
  ClickHouseUnavailable,
  insertJson,
  insertNative,
  openBlock,
  openClickHouse,
  select,
  type SlowQuery,
} from "../src/index.ts";

const columns = { id: "UInt32", label: "LowCardinality(String)" } as const;

test("blocks are stored one after the other, and counted", async () => {
  const table = await freshTable();
  const written = await insertNative(store, { table, columns, blocks: [blockOf(2), blockOf(3)] });
  assert.deepEqual(written, { rows: 5 });
  assert.equal(await countOf(table), 5);
});

test("constants fill further columns of every row", async () => {
  const table = await freshTable();
  await insertNative(store, { table, columns, blocks: [blockOf(2)], constants: { extra: 7 } });
  const rows = await select(store, Type.Object({ extra: Type.Integer() }), `select extra from ${table}`);
  assert.deepEqual(rows, [{ extra: 7 }, { extra: 7 }]);
});

for (const [what, spoil] of [
  ["cut off", (good: Buffer) => good.subarray(0, good.length - 3)],
  ["garbage", () => Buffer.from("this is not a block at all")],
  ["with an unknown column", (good: Buffer) => replaced(good, "label", "lapel")],
  ["with an unknown type", (good: Buffer) => replaced(good, "UInt8", "UInt9")],
  [
    "that claims too many rows",
    (good: Buffer) => Buffer.concat([Buffer.from([2, 255, 255, 255, 127]), good]),
  ],
] as const) {
  test(`a block ${what} is refused, and nothing of its insert is stored`, async () => {
    const table = await freshTable();
    const blocks = [blockOf(2), spoil(blockOf(2))];
    await assert.rejects(insertNative(store, { table, columns, blocks }), ClickHouseRefused);
    assert.equal(await countOf(table), 0);
  });
}

test("a table or column that is not there yet is no fault of the block", async () => {
  const blocks = [blockOf(1)];
  await assert.rejects(insertNative(store, { table: "nowhere", columns, blocks }), ClickHouseUnavailable);
  const table = await freshTable();
  const more = { ...columns, later: "UInt32" };
  await assert.rejects(insertNative(store, { table, columns: more, blocks }), ClickHouseUnavailable);
});

test("a server that is away or silent is unavailable within the deadline", async (t) => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  const { port } = silent.address() as { port: number };
  for (const url of [`http://a:b@127.0.0.1:${port}/x`, "http://a:b@127.0.0.1:9/x"]) {
    const away = openClickHouse({ url, log, requestTimeoutMs: 200 });
    await assert.rejects(away.health(), ClickHouseUnavailable);
    await assert.rejects(
      insertNative(away, { table: "t", columns, blocks: [blockOf(1)] }),
      ClickHouseUnavailable,
    );
    await away.close();
  }
});

// INVARIANT 49
test("parameters are values, never SQL, and times and big numbers keep every digit", async () => {
  const row = Type.Object({ text: Type.String(), at: Type.String(), big: Type.String() });
  const text = "'; drop table x; --\\\u00e9";
  const rows = await select(
    store,
    row,
    "select {text:String} as text, toDateTime64({at:String}, 3, 'UTC') as at, {big:UInt64} as big",
    { text, at: "2026-11-24 01:02:03.004", big: "18446744073709551615" },
  );
  assert.deepEqual(rows, [{ text, at: "2026-11-24T01:02:03.004Z", big: "18446744073709551615" }]);
});

test("a slow query is told on one line, without its values, also when it fails", async () => {
  const told: SlowQuery[] = [];
  const url = new URL("/default", process.env["CLICKHOUSE_URL"]).href;
  const onSlowQuery = (query: SlowQuery) => void told.push(query);
  const watched = openClickHouse({ url, log, requestTimeoutMs: 10_000, slowQueryMsMin: 0, onSlowQuery });
  const row = Type.Object({ secret: Type.String() });
  await select(watched, row, "select\n  {secret:String} as secret", { secret: "xyz" });
  await assert.rejects(select(watched, row, "select nothing"), ClickHouseRefused);
  await watched.close();
  const statements = told.map(({ statement }) => statement);
  assert.deepEqual(statements, ["select {secret:String} as secret", "select nothing"]);
  assert.ok(told.every(({ duration_ms }) => duration_ms > 0));
});

test("long lists of parameters are taken", async () => {
  const ids = Array.from({ length: 3000 }, () => randomUUID());
  const row = Type.Object({ n: Type.Integer() });
  const sql = "select toUInt32(length({ids:Array(UUID)})) as n";
  assert.deepEqual(await select(store, row, sql, { ids }), [{ n: 3000 }]);
});

test("more rows than the limit, and rows of another form, are errors", async () => {
  const row = Type.Object({ number: Type.String() });
  const sql = "select number from numbers(5)";
  assert.equal((await select(store, row, sql, {}, { rowsMax: 5 })).length, 5);
  await assert.rejects(select(store, row, sql, {}, { rowsMax: 4 }), ClickHouseRefused);
  await assert.rejects(
    select(store, Type.Object({ number: Type.Integer() }), sql),
    /does not match its schema/,
  );
});

test("rows as JSON keep their times", async () => {
  const table = await freshTable("at DateTime64(3, 'UTC')");
  await insertJson(store, { table, rows: [{ at: "2026-11-24T01:02:03.004Z" }] });
  const rows = await select(store, Type.Object({ at: Type.String() }), `select at from ${table}`);
  assert.deepEqual(rows, [{ at: "2026-11-24T01:02:03.004Z" }]);
});

const log = createLogger({ service: "test", level: "silent" });
const database = `clickhouse_${randomUUID().replaceAll("-", "")}`;
let store: ClickHouse;

before(async () => {
  const url = process.env["CLICKHOUSE_URL"];
  assert.ok(url, "CLICKHOUSE_URL names the server to test with");
  const server = openClickHouse({ url: new URL("/default", url).href, log, requestTimeoutMs: 10_000 });
  await server.command(`create database ${database}`);
  await server.close();
  store = openClickHouse({ url: new URL(`/${database}`, url).href, log, requestTimeoutMs: 10_000 });
});

after(async () => {
  await store.command(`drop database ${database}`);
  await store.close();
});

async function freshTable(
  definition = "id UInt32, label LowCardinality(String), extra UInt8",
): Promise<string> {
  const table = `t${randomUUID().replaceAll("-", "")}`;
  await store.command(`create table ${table} (${definition}) engine = MergeTree order by tuple()`);
  return table;
}

async function countOf(table: string): Promise<number> {
  const rows = await select(
    store,
    Type.Object({ count: Type.Integer() }),
    `select toUInt32(count()) as count from ${table}`,
  );
  return rows[0]?.count ?? Number.NaN;
}

function blockOf(rows: number): Buffer {
  const block = openBlock(columns);
  for (let i = 0; i < rows; i++) {
    block.columns.id.push(i);
    block.columns.label.push(`label ${i}`);
  }
  return block.encode();
}

function replaced(block: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(block);
  copy.write(to, copy.indexOf(from));
  return copy;
}
