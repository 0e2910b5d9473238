import assert from "node:assert/strict";
import { test } from "node:test";
import Type from "typebox";
import { parse } from "./parse.ts";

const Body = Type.Object(
  {
    names: Type.Optional(
      Type.Union([Type.Null(), Type.Array(Type.Unknown(), { maxItems: 3, uniqueItems: true })]),
    ),
    lists: Type.Optional(
      Type.Array(Type.Object({ tags: Type.Array(Type.Unknown(), { maxItems: 2 }) }), { maxItems: 2 }),
    ),
  },
  { additionalProperties: false },
);

/** A list whose items count the reads of them. */
function watched(length: number): { items: unknown[]; looks: () => number } {
  let looks = 0;
  const count = () => ((looks += 1), undefined);
  const item = new Proxy(
    {},
    { get: count, ownKeys: () => (count(), []), getPrototypeOf: () => (count(), null) },
  );
  return { items: Array.from({ length }, () => item), looks: () => looks };
}

test("a list with more items than its schema allows is refused before any of them is looked at", () => {
  const long = watched(20_000);
  const fault = { pointer: "/names", code: "max_items", message: "must not have more than 3 items" };
  assert.throws(() => parse(Body, { names: long.items }, "body"), { errors: [fault] });
  assert.equal(long.looks(), 0);

  const inner = watched(20_000);
  const nested = { pointer: "/lists/1/tags", code: "max_items", message: "must not have more than 2 items" };
  const lists = [{ tags: [] }, { tags: inner.items }];
  assert.throws(() => parse(Body, { lists }, "body"), { errors: [nested] });
  assert.equal(inner.looks(), 0);
});

test("of thousands of unknown fields twenty are named, and none is looked at", () => {
  const { items, looks } = watched(8000);
  const body = Object.fromEntries(items.map((item, index) => [`field_${index}`, item]));
  assert.throws(
    () => parse(Body, body, "body"),
    ({ errors }: { errors: { code: string; pointer: string }[] }) =>
      errors.length === 20 && errors.every(({ code }) => code === "unknown_field"),
  );
  assert.equal(looks(), 0);
});

test("what is within its bounds is checked as ever", () => {
  assert.deepEqual(parse(Body, { names: null }, "body"), { names: null });
  assert.deepEqual(parse(Body, { names: [1, 2, 3], lists: [] }, "body"), { names: [1, 2, 3], lists: [] });
  assert.throws(() => parse(Body, { names: [1, 1] }, "body"), { code: "invalid_request" });
  assert.throws(() => parse(Body, { names: "x", other: 1 }, "body"), { code: "invalid_request" });
});
