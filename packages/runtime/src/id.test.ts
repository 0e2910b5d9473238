import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "./id.ts";

test("ids are UUIDv7 and sort by the millisecond they were made in", () => {
  assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(newId(0x0123456789ab).slice(0, 13), "01234567-89ab");
  assert.ok(newId(1000) < newId(1001));
});
