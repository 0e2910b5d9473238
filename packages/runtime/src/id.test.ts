import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "./id.ts";

test("ids are UUIDv7 of the millisecond they are made in, each another", () => {
  const before = Date.now();
  const ids = Array.from({ length: 1000 }, () => newId());
  const after = Date.now();
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const madeAt = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    assert.ok(madeAt >= before && madeAt <= after, id);
  }
});
