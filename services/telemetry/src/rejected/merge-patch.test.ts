import assert from "node:assert/strict";
import { test } from "node:test";
import type { Replay } from "@mosis/types/rejected";
import { mergePatch } from "./merge-patch.ts";

test("a merge patch does what RFC 7396 says, as deep as an event is", () => {
  const cases: [unknown, NonNullable<Replay["patch"]>, unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: { d: 1 } }, { a: { d: 1 } }],
    [["a", "b"], { a: "b" }, { a: "b" }],
    [7, { a: true, b: null }, { a: true }],
    [null, { a: { b: null } }, { a: {} }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  ];
  for (const [value, patch, expected] of cases) {
    const before = structuredClone(value);
    assert.deepEqual(mergePatch(value, patch), expected);
    assert.deepEqual(value, before, "what is patched stays as it was");
  }
});

test("names that every object has are fields like any other", () => {
  const patched = mergePatch(JSON.parse('{"__proto__":{"a":1},"b":2}'), { constructor: { a: 1 } });
  assert.equal(JSON.stringify(patched), '{"__proto__":{"a":1},"b":2,"constructor":{"a":1}}');
  assert.equal(Object.getPrototypeOf(patched), Object.prototype);
});
