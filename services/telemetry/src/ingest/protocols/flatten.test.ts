import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf, openProperties, shortText, type Value, versionCodeOf } from "./flatten.ts";

function flat(object: Record<string, Value>): Record<string, unknown> {
  const properties = openProperties();
  properties.addAll(object);
  return properties.done();
}

test("what is nested becomes flat, lists become text, and null says nothing", () => {
  const nested = {
    a: { b: { c: 1 } },
    list: [1, { x: "y" }],
    none: null,
    empty: "",
    no: false,
    big: Infinity,
  };
  assert.deepEqual(flat(nested), {
    "a.b.c": 1,
    list: '[1,{"x":"y"}]',
    empty: "",
    no: false,
    big: "Infinity",
  });
});

test("what has no room is counted, never the reason to lose the event", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
  const properties = flat(many);
  assert.equal(Object.keys(properties).length, 64);
  assert.equal(properties["dropped_attributes_count"], 37);
  assert.deepEqual(flat({ ["k".repeat(65)]: 1, "": 2, good: 3 }), { good: 3, dropped_attributes_count: 2 });
  const hostile = JSON.parse('{"__proto__": 1, "constructor": "a", "hasOwnProperty": "b"}') as Record<
    string,
    Value
  >;
  assert.deepEqual(Object.entries(flat(hostile)), [
    ["__proto__", 1],
    ["constructor", "a"],
    ["hasOwnProperty", "b"],
  ]);
});

// A key of megabytes over many values would be copied for each of them.
test("long keys and deep values cost no more than their size", () => {
  const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]));
  assert.deepEqual(flat({ ["x".repeat(4_000_000)]: wide }), { dropped_attributes_count: 1 });
  let deep: Value = [];
  for (let i = 0; i < 50_000; i++) deep = [deep];
  assert.deepEqual(flat({ deep }), { dropped_attributes_count: 1 });
});

test("addresses and persons are left out, however they are nested", () => {
  const sent = { ip: "203.0.113.7", client: { address: "203.0.113.7", port: 7 }, "user.email": "a@b.org" };
  assert.deepEqual(flat(sent), { "client.port": 7 });
});

test("texts are cut between characters, and names have one line", () => {
  assert.equal(shortText("é".repeat(101)), "é".repeat(100));
  assert.equal(shortText("😀".repeat(101)), "😀".repeat(100));
  assert.equal(nameOf(" card\r\n\u0000declined "), "card declined");
  assert.equal(nameOf("\n"), undefined);
  assert.deepEqual([versionCodeOf("42"), versionCodeOf(42)], [42, 42]);
  for (const none of ["1.4.0", "", "-1", "4294967296", 1.5, null])
    assert.equal(versionCodeOf(none), undefined);
});
