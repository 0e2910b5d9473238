import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "./token-bucket.ts";

test("a bucket takes a burst, then what its rate brings", () => {
  const bucket = new TokenBucket({ perSecond: 1000, burst: 5000 }, 0);
  assert.equal(bucket.left(0), 5000);
  bucket.take(5000);
  assert.equal(bucket.left(0), 0);
  assert.equal(bucket.left(999), 999);
  assert.equal(bucket.secondsUntil(1000, 999), 1);
  assert.equal(bucket.secondsUntil(5000, 999), 5);
  assert.equal(bucket.left(60_000), 5000, "it never holds more than a burst");
});

test("it tells what is left and when it is full again, as the header fields do", () => {
  const bucket = new TokenBucket({ perSecond: 0.5, burst: 30 }, 0);
  assert.equal(bucket.policy("sign-in"), '"sign-in";q=30;w=60');
  assert.equal(bucket.state("sign-in", 0), '"sign-in";r=30;t=0');
  bucket.take(30);
  assert.equal(bucket.state("sign-in", 0), '"sign-in";r=0;t=60');
  assert.equal(bucket.secondsUntil(1, 0), 2);
  assert.equal(bucket.state("sign-in", 3000), '"sign-in";r=1;t=57');
});

test("what is given back can be taken again, and a clock that is set back takes nothing away", () => {
  const bucket = new TokenBucket({ perSecond: 1000, burst: 5000 }, 10_000);
  bucket.take(3000);
  bucket.giveBack(1000);
  assert.equal(bucket.left(10_000), 3000);
  assert.equal(bucket.left(5000), 3000);
  assert.equal(bucket.left(6000), 4000);
  bucket.giveBack(9000);
  assert.equal(bucket.left(6000), 5000);
});

test("more than a burst fits into a full bucket, and has to be made up for", () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 1000 }, 0);
  assert.ok(bucket.fits(2500, 0));
  bucket.take(2500);
  assert.ok(!bucket.fits(1, 0));
  assert.equal(bucket.secondsUntil(1, 0), 16);
  assert.ok(bucket.fits(1, 16_000));
});
