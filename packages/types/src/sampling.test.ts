import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { shareOf } from "./sampling.ts";

// Clients in other languages decide alike only while these stay what they are.
// INVARIANT 16
test("shares never change, and do not depend on the case of an id", () => {
  assert.equal(shareOf("00000000-0000-0000-0000-000000000000"), 0.21612153016030788);
  assert.equal(shareOf("0192f0c1-2c46-7503-817d-6f49feb17cb7"), 0.4920142802875489);
  const id = randomUUID();
  assert.equal(shareOf(id.toUpperCase()), shareOf(id));
});

test("of ids of any kind, a rate keeps its share", () => {
  const counted = Array.from({ length: 20_000 }, (_, i) => {
    return `0192f0c1-2c46-7503-817d-${i.toString(16).padStart(12, "0")}`;
  });
  const random = Array.from({ length: 20_000 }, () => randomUUID());
  for (const ids of [counted, random]) {
    for (const rate of [0.01, 0.1, 0.5, 0.9]) {
      const kept = ids.filter((id) => shareOf(id) < rate).length / ids.length;
      // Six standard deviations of a fair draw.
      const tolerance = 6 * Math.sqrt((rate * (1 - rate)) / ids.length);
      assert.ok(Math.abs(kept - rate) < tolerance, `${kept} kept at ${rate}`);
    }
    assert.ok(ids.every((id) => shareOf(id) >= 0 && shareOf(id) < 1));
  }
});
