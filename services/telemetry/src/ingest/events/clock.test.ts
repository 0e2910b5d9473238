import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clockCorrection, timeOf } from "./clock.ts";

test("RFC 3339 texts are read to the millisecond", () => {
  const at = Date.UTC(2026, 10, 24, 9, 8, 7);
  for (const [text, ms] of [
    ["2026-11-24T09:08:07Z", at],
    ["2026-11-24t09:08:07z", at],
    ["2026-11-24 09:08:07Z", at],
    ["2026-11-24T09:08:07.5Z", at + 500],
    ["2026-11-24T09:08:07.123456789Z", at + 123],
    ["2026-11-24T10:08:07+01:00", at],
    ["2026-11-24T03:38:07-05:30", at],
    ["2026-11-24T09:08:60Z", at + 53_000],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
  ] as const) {
    assert.equal(timeOf(text), ms, text);
  }
});

test("what is not RFC 3339 is not a time", () => {
  for (const text of [
    "",
    "now",
    "2026-11-24",
    "2026-11-24T09:08:07",
    "2026-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T09:08:07+24:00",
    "Tue, 24 Nov 2026 09:08:07 GMT",
    "2026-11-24T09:08:07.Z",
    " 2026-11-24T09:08:07Z",
    "0000-01-01T00:00:00Z",
    "0099-12-31T23:59:59Z",
  ]) {
    assert.ok(Number.isNaN(timeOf(text)), text);
  }
});

test("every time that toISOString writes is read back", () => {
  const stored = { min: new Date("1900-01-01T00:00:00Z"), max: new Date("2299-12-31T23:59:59.999Z") };
  fc.assert(
    fc.property(fc.date({ ...stored, noInvalidDate: true }), (date) => {
      assert.equal(timeOf(date.toISOString()), date.getTime());
      assert.equal(timeOf(date.getTime()), date.getTime());
    }),
  );
});

test("numbers are milliseconds, and what ClickHouse cannot store is not a time", () => {
  assert.equal(timeOf(12.9), 12);
  for (const ms of [1e15, -1e15, Number.NaN, Number.POSITIVE_INFINITY]) assert.ok(Number.isNaN(timeOf(ms)));
});

test("a clock is corrected beyond two minutes, in both directions", () => {
  const now = Date.UTC(2026, 10, 24);
  assert.equal(clockCorrection(undefined, now), 0);
  assert.equal(clockCorrection(now - 120_000, now), 0);
  assert.equal(clockCorrection(now - 120_001, now), 120_001);
  assert.equal(clockCorrection(now + 3_600_000, now), -3_600_000);
  assert.ok(Number.isNaN(clockCorrection("yesterday", now)));
});
