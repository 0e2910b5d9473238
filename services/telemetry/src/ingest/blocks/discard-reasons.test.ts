import assert from "node:assert/strict";
import { test } from "node:test";
import { openDiscardReasons } from "./discard-reasons.ts";

test("an app that makes up reasons has 50 of them an hour, and takes none from others", () => {
  const reasons = openDiscardReasons();
  const nowMs = Date.UTC(2026, 10, 1);
  const told = new Set<string>();
  for (let i = 0; i < 1000; i++) told.add(reasons.known("noisy", `failed after ${i} ms`, nowMs));
  assert.equal(told.size, 51);
  assert.ok(told.has("other"));
  assert.equal(reasons.known("noisy", "failed after 0 ms", nowMs), "failed after 0 ms");
  assert.equal(reasons.known("quiet", "offline", nowMs), "offline");
  assert.equal(reasons.known("noisy", "offline", nowMs + 3_600_000), "offline");
});
