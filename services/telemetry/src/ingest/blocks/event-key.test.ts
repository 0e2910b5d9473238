import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { parseUuid } from "@mosis/clickhouse/native-block";
import fc from "fast-check";
import { eventKey } from "./event-key.ts";

test("a key does not depend on the case of the id", () => {
  fc.assert(fc.property(fc.uuid(), (id) => assert.equal(keyOf(id), keyOf(id.toUpperCase()))));
});

test("ids that differ in few bits have different keys", () => {
  const ids = new Set<string>();
  // A counter at the place of each word, as the high half of one, and at two places.
  for (let n = 0; n < 84_000; n += 7) {
    const low = n.toString(16).padStart(8, "0");
    const high = (n << 12).toString(16).padStart(8, "0");
    for (const hex of [low, high]) {
      const [first, second] = [hex.slice(0, 4), hex.slice(4)];
      ids.add(`${hex}-0000-0000-0000-000000000000`);
      ids.add(`00000000-${first}-${second}-0001-000000000000`);
      ids.add(`00000000-0000-0002-${first}-${second}00000000`);
      ids.add(`00000000-0000-0003-0000-0000${hex}`);
      ids.add(`${hex}-0000-0004-0000-0000${hex}`);
    }
  }
  assert.equal(new Set([...ids].map(keyOf)).size, ids.size);
});

test("keys fit into 48 bits, and use each of them", () => {
  let ones = 0n;
  let zeros = 0n;
  for (let n = 0; n < 200; n++) {
    const key = keyOf(randomUUID());
    assert.ok(key < 2 ** 48);
    ones |= BigInt(key);
    zeros |= ~BigInt(key) & ((1n << 48n) - 1n);
  }
  assert.deepEqual([ones, zeros], [(1n << 48n) - 1n, (1n << 48n) - 1n]);
});

// The key is stored: another result for the same id would show an event twice.
// INVARIANT 1
test("keys never change", () => {
  assert.equal(keyOf("0190a3b4-c5d6-7e8f-9a0b-1c2d3e4f5061"), 262_401_959_658_760);
});

const words = new Uint32Array(4);

function keyOf(id: string): number {
  let key = 0;
  assert.ok(parseUuid(Buffer.from(id), 0, words, 0));
  eventKey(words, 0, {
    pushWords(low, high) {
      key = high * 2 ** 32 + low;
    },
  });
  return key;
}
