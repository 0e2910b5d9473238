import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { eventColumns, rejectedColumns } from "@mosis/types/telemetry-row";
import fc from "fast-check";
import { type ColumnTypes, type NativeBlock, openBlock } from "../src/native-block.ts";
import { asRead, edges, every, fill, fromAnswer, plain, type Row } from "./native-rows.ts";

// INVARIANT 9
test("every column and edge reads back as it was pushed", async () => {
  await assertSame([edges]);
});

test("blocks may follow each other in one insert, with different dictionaries", async () => {
  const labelled = (label: string): Row => ({ ...plain, label, texts: [[label, label]] });
  await assertSame([[labelled("a")], [plain, plain], [labelled("b"), labelled("a")]]);
});

for (const labels of [255, 256, 65_535, 65_536]) {
  test(`a dictionary of ${labels} texts keeps each row's own`, async () => {
    const rows = Array.from({ length: labels }, (_, i): Row => ({
      ...plain,
      label: `label-${i}`,
      numbers: [[`key-${i}`, i]],
    }));
    await assertSame([rows]);
  });
}

const int64 = [0, 1, 7, 8, 15, 16, 31, 32, 52].flatMap((bits) => [
  2 ** bits - 1,
  2 ** bits,
  -(2 ** bits),
  -(2 ** bits) - 1,
]);
for (const delta of int64) {
  test(`a block with ${delta} as its widest number keeps it`, async () => {
    const count = Math.abs(delta) < 2 ** 32 ? Math.abs(delta) : 0;
    await assertSame([[plain, { ...plain, delta, count }]]);
  });
}

test("a lone surrogate is stored as the replacement character, also twice in a dictionary", async () => {
  const odd = ["\ud800", "\udc00x", "\ud801"].map((label): Row => ({ ...plain, label, raw: label }));
  const read = await roundTrip([odd]);
  assert.deepEqual(
    read.map(({ label, raw }) => [label, raw]),
    [
      ["\ufffd", "\ufffd"],
      ["\ufffdx", "\ufffdx"],
      ["\ufffd", "\ufffd"],
    ],
  );
});

// INVARIANT 9
test("random rows read back as they were pushed", async () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const pairs = <T>(value: fc.Arbitrary<T>) =>
    fc.uniqueArray(fc.tuple(text, value), { maxLength: 5, selector: ([k]) => k });
  const row: fc.Arbitrary<Row> = fc.record({
    uuid: fc.uuid(),
    id: fc.uuid(),
    at: fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2299, 11, 31) }),
    key: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    delta: fc.maxSafeInteger(),
    count: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    kind: fc.constantFrom(1 as const, 2 as const),
    label: text,
    raw: text,
    real: number,
    texts: pairs(text),
    numbers: pairs(number),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(row, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 3 }),
      assertSame,
    ),
    { numRuns: 30 },
  );
});

test("a block tells its size before it is encoded, and is empty afterwards", () => {
  const block = openBlock(every);
  fill(block, edges, 0);
  const bytes = block.byteLength();
  assert.equal(block.encode().length, bytes);
  assert.equal(block.rows(), 0);
  fill(block, edges.slice(0, 1), 0);
  assert.ok(block.byteLength() < 1000, "nothing of the last block is left");
});

test("columns of different length are an error, not shifted values", () => {
  const block = openBlock({ a: "UInt32", b: "UInt32" });
  block.columns.a.push(1);
  assert.throws(() => block.encode(), /b has 0 rows, the block has 1/);
});

test("the wire columns of the contract can all be written", () => {
  for (const columns of [eventColumns, rejectedColumns]) {
    const block: NativeBlock<ColumnTypes> = openBlock<ColumnTypes>(columns);
    assert.equal(block.rows(), 0);
  }
});

const serverUrl = process.env["CLICKHOUSE_URL"] ?? "";
const database = `native_${randomUUID().replaceAll("-", "")}`;

before(() => query(`create database ${database}`));
after(() => query(`drop database ${database}`));

async function assertSame(blocks: Row[][]): Promise<void> {
  const read = await roundTrip(blocks);
  const expected = blocks.flat().map(asRead);
  assert.equal(read.length, expected.length);
  // Compares row by row: a difference of whole tables takes longer to print than to find.
  const wrong = expected.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(read[index]));
  if (wrong >= 0) assert.deepEqual(read[wrong], expected[wrong], `row ${wrong}`);
}

/** Inserts the blocks in one request and reads all rows back in their order. */
async function roundTrip(blocks: Row[][]): Promise<ReturnType<typeof asRead>[]> {
  const table = `${database}.t${randomUUID().replaceAll("-", "")}`;
  const columns = Object.entries(every).map(([name, type]) => `${name} ${type}`);
  await query(
    `create table ${table} (${columns.join(", ").replace("LowCardinality(UUID)", "UUID")}) engine = Memory`,
  );
  const block = openBlock(every);
  let first = 0;
  const bytes = blocks.map((rows) => {
    fill(block, rows, first);
    first += rows.length;
    return block.encode();
  });
  await query(`insert into ${table} format Native`, Buffer.concat(bytes));
  // Numbers that JSON would change are sent as their bits.
  const answer = await query(`
    select toString(uuid) as uuid, toString(id) as id, toUnixTimestamp64Milli(at) as at,
      toString(key) as key, toString(delta) as delta, count,
      toInt8(kind) as kind, base64Encode(label) as label, base64Encode(raw) as raw,
      toString(reinterpretAsUInt64(real)) as real,
      arrayMap((k, v) -> (base64Encode(k), base64Encode(v)),
        mapKeys(texts), mapValues(texts)) as texts,
      arrayMap((k, v) -> (base64Encode(k), toString(reinterpretAsUInt64(v))),
        mapKeys(numbers), mapValues(numbers)) as numbers
    from ${table} order by n format JSONCompactEachRow`);
  await query(`drop table ${table}`);
  return answer
    .trim()
    .split("\n")
    .map((line) => fromAnswer(JSON.parse(line) as unknown[]));
}

async function query(text: string, body?: Buffer): Promise<string> {
  assert.ok(serverUrl, "CLICKHOUSE_URL names the server to test with");
  const url = new URL(serverUrl);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  const target = body ? `${url.origin}/?query=${encodeURIComponent(text)}` : url.origin;
  const answer = await fetch(target, {
    method: "POST",
    headers: { authorization },
    body: body ? new Uint8Array(body) : text,
  });
  const read = await answer.text();
  assert.equal(answer.status, 200, read);
  return read;
}
