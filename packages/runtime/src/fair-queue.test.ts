import assert from "node:assert/strict";
import { test } from "node:test";
import { FairQueue, type FairQueueLimits, QueueFull } from "./fair-queue.ts";
import { Unavailable } from "./unavailable.ts";

const words = { share: "You have enough under way.", full: "Everything is taken." };
const ample = { slotsMax: 4, slotsPerKeyMax: 2, waitingMax: 1000, waitingPerKeyMax: 500, waitMsMax: 60_000 };

/** Work that ends when the test says so. `started` has the keys in the order in which they got a slot. */
function createWork(limits: Partial<FairQueueLimits> = {}) {
  const queue = new FairQueue({ ...ample, ...limits }, words);
  const started: string[] = [];
  const ends: (() => void)[] = [];
  return {
    queue,
    started,
    call: (key: string) =>
      queue.run(key, () => {
        started.push(key);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    /** Ends the work that has run longest, and waits until its slot was handed on. */
    endOne: async () => {
      ends.shift()?.();
      await settled();
    },
  };
}

/** Waits until everything has happened that waits only for a promise. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("a key has its share of the slots, also when nobody else wants them", async () => {
  const { queue, started, call, endOne } = createWork();
  const calls = [call("a"), call("a"), call("a")];
  await settled();
  assert.deepEqual(started, ["a", "a"]);
  assert.deepEqual(queue.counts(), { running: 2, waiting: 1 });
  for (let i = 0; i < 3; i++) await endOne();
  await Promise.all(calls);
  assert.deepEqual(queue.counts(), { running: 0, waiting: 0 });
});

// INVARIANT 62
test("the one call of another key waits for one turn, however many a key has sent", async () => {
  const { started, call, endOne } = createWork({ slotsMax: 2 });
  const calls = Array.from({ length: 100 }, () => call("many"));
  calls.push(call("one"));
  await settled();
  await endOne();
  await endOne();
  assert.deepEqual(started.slice(0, 4), ["many", "many", "one", "many"]);
  for (let i = 0; i < 100; i++) await endOne();
  await Promise.all(calls);
});

test("slots go round: of three keys with ten calls each, none is a turn ahead", async () => {
  const { started, call, endOne } = createWork({ slotsMax: 1, slotsPerKeyMax: 1 });
  const calls = ["a", "b", "c"].flatMap((key) => Array.from({ length: 10 }, () => call(key)));
  for (let i = 0; i < 31; i++) await endOne();
  await Promise.all(calls);
  for (let i = 3; i < 27; i += 3) assert.deepEqual(new Set(started.slice(i, i + 3)).size, 3, `turn ${i / 3}`);
});

test("calls of a key run in the order in which they came", async () => {
  const queue = new FairQueue({ ...ample, slotsMax: 1, slotsPerKeyMax: 1 }, words);
  const order: number[] = [];
  await Promise.all([0, 1, 2, 3].map((i) => queue.run("a", async () => void order.push(i))));
  assert.deepEqual(order, [0, 1, 2, 3]);
});

test("how many may wait goes by the key, where it says so", async () => {
  const waitingPerKeyMax = (key: string) => (key === "everybody" ? Infinity : 1);
  const { queue, call, endOne } = createWork({ waitingPerKeyMax });
  const calls = Array.from({ length: 300 }, () => call("everybody"));
  calls.push(call("a"), call("a"), call("a"));
  await assert.rejects(call("a"), QueueFull);
  assert.deepEqual(queue.counts(), { running: 4, waiting: 299 });
  for (let i = 0; i < 303; i++) await endOne();
  await Promise.all(calls);
});

test("a key that has its lane full is refused for its own share, and others are not", async () => {
  const { queue, call, endOne } = createWork({ waitingPerKeyMax: 3 });
  const calls = Array.from({ length: 5 }, () => call("a"));
  await assert.rejects(call("a"), (error) => {
    assert.ok(error instanceof QueueFull && error instanceof Unavailable);
    assert.equal(error.isOwnShare, true);
    assert.equal(error.message, words.share);
    return true;
  });
  calls.push(call("b"));
  assert.deepEqual(queue.counts(), { running: 3, waiting: 3 });
  for (let i = 0; i < 6; i++) await endOne();
  await Promise.all(calls);
});

test("when every place is taken, a newcomer takes the last place of the longest lane", async () => {
  const { queue, started, call, endOne } = createWork({ slotsMax: 1, slotsPerKeyMax: 1, waitingMax: 4 });
  const many = Array.from({ length: 5 }, () => call("many"));
  const results = Promise.allSettled(many);
  const others = [call("one"), call("two"), call("three")];
  // Four lanes of one caller each: none has more than a new key would have.
  await assert.rejects(call("many"), { name: "QueueFull", isOwnShare: false, message: words.full });
  await assert.rejects(call("four"), { name: "QueueFull", isOwnShare: false, message: words.full });
  assert.deepEqual(queue.counts(), { running: 1, waiting: 4 });
  for (let i = 0; i < 5; i++) await endOne();
  await Promise.all(others);
  const refused = (await results).filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 3);
  assert.deepEqual(started, ["many", "one", "two", "three", "many"]);
});

test("a caller waits so long at most, and leaves nothing behind", async () => {
  const { queue, call, endOne } = createWork({ slotsPerKeyMax: 1, waitMsMax: 5 });
  const running = call("a");
  await assert.rejects(call("a"), { name: "QueueFull", isOwnShare: true });
  assert.deepEqual(queue.counts(), { running: 1, waiting: 0 });
  await endOne();
  await running;
  assert.deepEqual(queue.counts(), { running: 0, waiting: 0 });
});

test("work that fails gives its slot back, and its caller gets the error", async () => {
  const queue = new FairQueue({ ...ample, slotsMax: 1, slotsPerKeyMax: 1 }, words);
  const fails = queue.run("a", () => Promise.reject(new Error("of the work")));
  const next = queue.run("b", () => Promise.resolve("done"));
  await assert.rejects(fails, /of the work/);
  assert.equal(await next, "done");
});
