import assert from "node:assert/strict";
import { test } from "node:test";
import { Waker } from "./waker.ts";

const longMs = 60_000;

test("a wake ends the wait under way, or the next one when none is", async () => {
  const waker = new Waker();
  const waiting = waker.wait(longMs);
  waker.wake();
  await waiting;
  waker.wake();
  await waker.wait(longMs);
});

test("a wake does not end a pause, and is kept for the wait behind it", async () => {
  const waker = new Waker();
  const startedAt = performance.now();
  const pause = waker.pause(20);
  waker.wake();
  await pause;
  assert.ok(performance.now() - startedAt >= 15);
  await waker.wait(longMs);
});

test("a stop ends everything, and everything after it", async () => {
  const waker = new Waker();
  const pause = waker.pause(longMs);
  waker.stop();
  await pause;
  await waker.pause(longMs);
  await waker.wait(longMs);
  assert.equal(waker.stopped, true);
});
