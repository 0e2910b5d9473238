import assert from "node:assert/strict";
import { test } from "node:test";
import Type from "typebox";
import { exactTime, maybeOne, one, sql } from "../src/index.ts";
import { freshDatabase, testPool } from "./support.ts";

const Count = Type.Object({ n: Type.Integer() });

test("values come out as they travel, and a row that does not fit its schema throws", async (t) => {
  const db = testPool(t, await freshDatabase(t));
  const Row = Type.Object({
    at: Type.String({ format: "date-time" }),
    n: Type.Integer(),
    tags: Type.Array(Type.String()),
  });
  const row = await one(
    db,
    Row,
    sql`
      select '2026-03-29 02:30:00.123456+02'::timestamptz as at,
             9007199254740991 as n,
             ${["a", 'b"']}::text[] as tags`,
  );
  assert.deepEqual(row, { at: "2026-03-29T00:30:00.123Z", n: 9_007_199_254_740_991, tags: ["a", 'b"'] });

  const texts = [["a,b", ""], ["NULL", "null"], ['q"', "b\\", "{c}"], [" d", "é"], ["CANNULL"], []];
  for (const given of texts) {
    const Texts = Type.Object({ texts: Type.Array(Type.String()), varchars: Type.Array(Type.String()) });
    const read = sql`select ${given}::text[] as texts, ${given}::varchar(9)[] as varchars`;
    assert.deepEqual(await one(db, Texts, read), { texts: given, varchars: given });
  }
  const Holed = Type.Object({ texts: Type.Unknown() });
  assert.deepEqual(await one(db, Holed, sql`select array['a', null] as texts`), { texts: ["a", null] });
  assert.deepEqual(await one(db, Holed, sql`select '[2:3]={a,b}'::text[] as texts`), { texts: ["a", "b"] });

  await assert.rejects(one(db, Count, sql`select 9007199254740993 as n`), /\/n must be integer/);
  await assert.rejects(one(db, Count, sql`select 1 as n where false`), /no row/);
  assert.equal(await maybeOne(db, Count, sql`select 1 as n where false`), null);
  await assert.rejects(maybeOne(db, Count, sql`select n from generate_series(1, 2) n`), /2 rows/);
});

test("times are of UTC, and exact where they are asked for exactly", async (t) => {
  const db = testPool(t, await freshDatabase(t));
  const Times = Type.Object({ at: Type.String(), exact: Type.String() });
  for (const [given, at, micros] of [
    ["2026-03-29 02:30:00.1+02", "2026-03-29T00:30:00.100Z", "2026-03-29T00:30:00.100000Z"],
    ["2026-12-31 23:59:59.999999Z", "2026-12-31T23:59:59.999Z", "2026-12-31T23:59:59.999999Z"],
    ["0099-01-01 00:00:00Z", "0099-01-01T00:00:00.000Z", "0099-01-01T00:00:00.000000Z"],
  ] as const) {
    const row = await one(
      db,
      Times,
      sql`select ${given}::timestamptz as at, ${given}::timestamptz::text as exact`,
    );
    assert.deepEqual([row.at, exactTime(row.exact)], [at, micros]);
  }
  const odd = sql`select '10000-01-01 00:00:00Z'::timestamptz as at, 'infinity'::timestamptz::text as exact`;
  const row = await one(db, Times, odd);
  assert.equal(row.at, "+010000-01-01T00:00:00.000Z");
  assert.throws(() => exactTime(row.exact), /infinity/);
});
