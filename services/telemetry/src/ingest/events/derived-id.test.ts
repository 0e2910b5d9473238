import assert from "node:assert/strict";
import { test } from "node:test";
import { createDistinctIds, derivedId, idOf } from "./derived-id.ts";

// Another rule would make a new id of every one that is stored, and show what is sent again twice.
test("derived ids never change", () => {
  assert.equal(derivedId(""), "a7e1f5a0-2780-5c7c-88e2-dfb0c6292a73");
  assert.equal(derivedId("ada@example.org"), "b4a526c1-e6db-5162-97c5-8562bc87d42f");
  assert.equal(derivedId("é".repeat(20_000)), "a0dac245-ec27-5a20-9f1b-75544d06010f");
  assert.match(derivedId("x"), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a UUID is taken as it is, in lower case", () => {
  assert.equal(idOf("2AB2916D-A51F-4AC8-80EE-45AC31A28092"), "2ab2916d-a51f-4ac8-80ee-45ac31a28092");
  assert.equal(idOf("ada@example.org"), derivedId("ada@example.org"));
});

test("of equal contents in one request each has its own id, the same in every request", () => {
  const ids = () => ["a", "b", "a", "a"].map(derivedId).map(createDistinctIds());
  assert.equal(new Set(ids()).size, 4);
  assert.deepEqual(ids(), ids());
});
