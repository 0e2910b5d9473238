import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectOf } from "./providers.ts";

test("an id of a provider is 1 to 255 characters that every store keeps apart", () => {
  for (const good of ["1", "a".repeat(255), "auth0|5f7c", "😀", " "]) assert.equal(subjectOf(good), good);
  const bad = ["", "a".repeat(256), "\ud83d", "a\ude00", "a\0b", "a\u001f", "\u0085", 7, null, undefined, {}];
  for (const one of bad) assert.equal(subjectOf(one), null, JSON.stringify(one));
});
