import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUuid } from "@mosis/clickhouse/native-block";
import fc from "fast-check";
import { eventKey } from "./event-key.ts";

test("a key does not depend on the case of the id", () => {
  fc.assert(fc.property(fc.uuid(), (id) => assert.equal(keyOf(id), keyOf(id.toUpperCase()))));
});

test("ids that differ in few bits have different keys", () => {
  const keys = new Set<bigint>();
  for (let n = 0; n < 20_000; n++) {
    const hex = n.toString(16).padStart(8, "0");
    keys.add(keyOf(`${hex}-0000-0000-0000-000000000000`));
    keys.add(keyOf(`00000000-0000-0001-0000-0000${hex}`));
    keys.add(keyOf(`${hex}-0000-0002-0000-0000${hex}`));
  }
  assert.equal(keys.size, 60_000);
});

// The key is stored: another result for the same id would show an event twice.
test("keys never change", () => {
  assert.equal(keyOf("0190a3b4-c5d6-7e8f-9a0b-1c2d3e4f5061"), 16_280_991_719_384_710_687n);
});

function keyOf(id: string): bigint {
  let key = 0n;
  const words = new Uint32Array(4);
  assert.ok(parseUuid(Buffer.from(id), 0, words, 0));
  eventKey(words, 0, {
    pushWords(low, high) {
      assert.ok(low >= 0 && high >= 0);
      key = (BigInt(high) << 32n) | BigInt(low);
    },
  });
  return key;
}
