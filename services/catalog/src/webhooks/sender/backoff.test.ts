import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptsMax, pauseAfter, retryAfterMs } from "./backoff.ts";

const hourMs = 3_600_000;

test("pauses grow, are bounded, and together last about a day", () => {
  const pauses = Array.from({ length: attemptsMax }, (_, i) => pauseAfter(i + 1, null, 0.5));
  assert.equal(pauses.at(-1), null);
  const planned = pauses.slice(0, -1).map((pause) => pause ?? 0);
  assert.deepEqual(
    planned,
    planned.toSorted((a, b) => a - b),
  );
  const sum = planned.reduce((a, b) => a + b) / hourMs;
  assert.ok(sum > 22 && sum < 26, `${sum} h`);
  assert.deepEqual([pauseAfter(1, null, 0), pauseAfter(1, null, 1)], [4000, 6000]);
});

test("a receiver may ask for more, never for less, and not without end", () => {
  assert.equal(pauseAfter(1, 60_000, 0.5), 60_000);
  assert.equal(pauseAfter(4, 1, 0.5), 320_000);
  assert.equal(pauseAfter(1, 1e12, 0.5), 8 * hourMs);
  const now = Date.UTC(2026, 0, 1);
  assert.equal(retryAfterMs("120", now), 120_000);
  assert.equal(retryAfterMs("Thu, 01 Jan 2026 00:01:00 GMT", now), 60_000);
  for (const nothing of [undefined, "", "soon", "-1", "0", "Wed, 31 Dec 2025 00:00:00 GMT"]) {
    assert.equal(retryAfterMs(nothing, now), null, String(nothing));
  }
});
