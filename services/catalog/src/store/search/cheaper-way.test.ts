import assert from "node:assert/strict";
import { test } from "node:test";
import { isLookUpCheaper } from "./cheaper-way.ts";

test("a rare term is looked up, and common ones are read in step unless few apps can have all", () => {
  const apps = 75_000;
  assert.equal(isLookUpCheaper([10, 20_000], apps), true);
  assert.equal(isLookUpCheaper([900, 1500, 12_000], apps), true);
  assert.equal(isLookUpCheaper([17_000, 22_000], apps), false);
  assert.equal(isLookUpCheaper([6000, 6000], apps), false);
  assert.equal(isLookUpCheaper([2000, 20_000], apps), false);
  // Before anything is counted, and when a sample has none.
  assert.equal(isLookUpCheaper([0, 0], 0), true);
  assert.equal(isLookUpCheaper([0, 20_000], apps), true);
});
