import assert from "node:assert/strict";
import { test } from "node:test";
import { limitRows } from "./limits.ts";

const valueOf = (declaration: string) => limitRows("a.ts", `/** @limit of a test */\n${declaration}`)[0]?.[1];

test("a tagged constant is a row with its words, its value and its place", () => {
  const source = [
    "/** Counted in each process.",
    " * @limit sessions of a developer",
    " */",
    "const sessionsMax = 10_000;",
    "const otherMax = 5;",
  ].join("\n");
  assert.deepEqual(limitRows("a.ts", source), [
    ["sessions of a developer", "10 000", "`sessionsMax` in `a.ts`"],
  ]);
});

test("a value has the unit that its name says", () => {
  assert.equal(valueOf("export const bodyBytesMax = 1_048_576;"), "1 MiB");
  assert.equal(valueOf("  bytesMax: 64 * 1_048_576,"), "64 MiB");
  assert.equal(valueOf("  flushBytesMax: 750_000,"), "750 000 bytes");
  assert.equal(valueOf("const ageMsMax = 7500;"), "7500 ms");
  assert.equal(valueOf("const ageMsMax = 90_000;"), "90 s");
  assert.equal(valueOf("const timeoutMs = 300_000;"), "5 min");
  assert.equal(valueOf("const failingHoursMax = 26;"), "26 h");
  assert.equal(valueOf("const knownDays = 90;"), "90 days");
  assert.equal(valueOf("const itemsMax = 1000;"), "1000");
});

test("a tag above what is no number is an error, because the table would be wrong", () => {
  assert.throws(() => valueOf("const shapesMax = (bytes: number) => 30_000 + bytes;"), /a\.ts:1: @limit/);
});
