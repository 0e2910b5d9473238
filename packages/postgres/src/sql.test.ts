import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, sql, type Value } from "./sql.ts";

test("values are bound and fragments nest, in the order of the text", () => {
  const owner = sql`developer_id = ${"d"}`;
  const statement = sql`select ${sql`id, name`} from apps where ${owner} and name = ${"n"} limit ${5}`;
  assert.deepEqual(compile(statement), {
    text: "select id, name from apps where developer_id = $1 and name = $2 limit $3",
    values: ["d", "n", 5],
  });
});

// INVARIANT 49
test("text from outside stays a value, whatever it looks like", () => {
  const forged = { pieces: ["'; drop table apps; --"], holes: [] } as unknown as Value;
  assert.deepEqual(compile(sql`select ${forged}`), { text: "select $1", values: [forged] });
});

test("an undefined value is refused, with the place where it is", () => {
  const value = undefined as unknown as Value;
  assert.throws(() => compile(sql`update apps set name = ${value}`), /after "update apps set name = "/);
});
