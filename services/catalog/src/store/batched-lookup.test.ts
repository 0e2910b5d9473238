import assert from "node:assert/strict";
import { test } from "node:test";
import { gathered } from "./batched-lookup.ts";

/** Look-ups that find what they are asked for in capitals, unless the test says otherwise; none is `""`. */
function setUp({ failing = false } = {}) {
  const asked: (readonly string[])[] = [];
  const find = gathered(async (keys) => {
    asked.push(keys);
    if (failing) throw new Error("away");
    return new Map(keys.filter((key) => key !== "").map((key) => [key, key.toUpperCase()]));
  });
  return { find, asked };
}

test("what comes in one turn is asked for once, and each gets its own", async () => {
  const { find, asked } = setUp();
  const found = await Promise.all(["a", "b", "", "a", "c"].map((key) => find(key)));
  assert.deepEqual(found, ["A", "B", null, "A", "C"]);
  assert.deepEqual(asked, [["a", "b", "", "c"]]);
});

test("what comes later is asked for again: a look-up never begins before its request", async () => {
  const { find, asked } = setUp();
  await find("a");
  const later = [find("a"), new Promise(setImmediate).then(() => find("a"))];
  assert.deepEqual(await Promise.all(later), ["A", "A"]);
  assert.deepEqual(asked, [["a"], ["a"], ["a"]]);
});

test("a statement has 64 keys at most", async () => {
  const { find, asked } = setUp();
  const keys = Array.from({ length: 150 }, (_, n) => `k${n}`);
  const found = await Promise.all(keys.map((key) => find(key)));
  assert.deepEqual(
    found,
    keys.map((key) => key.toUpperCase()),
  );
  assert.deepEqual(
    asked.map(({ length }) => length),
    [64, 64, 22],
  );
});

test("a statement that fails fails each look-up in it, and none after it", async () => {
  const { find, asked } = setUp({ failing: true });
  const both = await Promise.allSettled([find("a"), find("b")]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await assert.rejects(find("a"), /away/);
  assert.deepEqual(asked, [["a", "b"], ["a"]]);
});
