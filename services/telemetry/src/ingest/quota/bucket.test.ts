import assert from "node:assert/strict";
import { test } from "node:test";
import { telemetryLimits } from "@mosis/types/telemetry";
import { Bucket } from "./bucket.ts";

test("a bucket takes a burst, then what its rate brings", () => {
  const bucket = new Bucket(1000, 0);
  assert.equal(bucket.left(0), 5000);
  bucket.take(5000);
  assert.equal(bucket.left(0), 0);
  assert.equal(bucket.left(999), 999);
  assert.equal(bucket.secondsUntil(1000, 999), 1);
  assert.equal(bucket.secondsUntil(5000, 999), 5);
  assert.equal(bucket.left(60_000), 5000, "it never holds more than a burst");
});

test("the largest batch fits into the smallest bucket, after a wait", () => {
  const bucket = new Bucket(1, 0);
  const { eventsPerBatchMax } = telemetryLimits;
  assert.equal(bucket.left(0), eventsPerBatchMax);
  bucket.take(eventsPerBatchMax);
  const seconds = bucket.secondsUntil(eventsPerBatchMax, 0);
  assert.equal(bucket.left(seconds * 1000), eventsPerBatchMax);
});

test("what is given back can be taken again, and a clock that is set back takes nothing away", () => {
  const bucket = new Bucket(1000, 10_000);
  bucket.take(3000);
  bucket.giveBack(1000);
  assert.equal(bucket.left(10_000), 3000);
  assert.equal(bucket.left(5000), 3000);
  assert.equal(bucket.left(6000), 4000);
  bucket.giveBack(9000);
  assert.equal(bucket.left(6000), 5000);
});

test("more than a burst fits into a full bucket, and has to be made up for", () => {
  const bucket = new Bucket(100, 0);
  assert.ok(bucket.fits(2500, 0));
  bucket.take(2500);
  assert.ok(!bucket.fits(1, 0));
  assert.equal(bucket.secondsUntil(1, 0), 16);
  assert.ok(bucket.fits(1, 16_000));
});
