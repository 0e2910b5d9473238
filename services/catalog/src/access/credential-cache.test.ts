import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentLookups } from "./credential-cache.ts";

const ada = { developerId: "ada", endsAtMs: Number.POSITIVE_INFINITY };
const bob = { ...ada, developerId: "bob" };

/** Returns look-ups that the test answers. Without an age, each look-up is made again. */
function setUp({ ageMsMax = 60_000, entriesMax = 10 } = {}) {
  const asked: { hash: string; answer: (found: typeof ada | null) => void; fail: (e: Error) => void }[] = [];
  const lookups = new RecentLookups<typeof ada>({
    ageMsMax,
    entriesMax,
    find(hash) {
      const { promise, resolve, reject } = Promise.withResolvers<typeof ada | null>();
      asked.push({ hash, answer: resolve, fail: reject });
      return promise;
    },
  });
  return { lookups, asked };
}

test("what was found is not looked up again before its age, and by many at once only once", async () => {
  const { lookups, asked } = setUp();
  const found = Promise.all([lookups.get("a"), lookups.get("a"), lookups.get("a")]);
  asked[0]?.answer(ada);
  assert.deepEqual(await found, [ada, ada, ada]);
  assert.equal(await lookups.get("a"), ada);
  assert.equal(asked.length, 1);

  const old = setUp({ ageMsMax: 0 });
  for (const [index, expected] of [ada, null].entries()) {
    const found = old.lookups.get("a");
    old.asked[index]?.answer(expected);
    assert.equal(await found, expected);
  }
});

// INVARIANT 41
test("what is forgotten is looked up again, also when its look-up had begun before", async () => {
  const { lookups, asked } = setUp();
  const first = lookups.get("a");
  asked[0]?.answer(ada);
  await first;
  const other = lookups.get("b");
  asked[1]?.answer(bob);
  await other;
  const running = lookups.get("c");
  lookups.forget("ada");
  asked[2]?.answer(ada);
  assert.equal(await running, ada, "it began before the change, so it may have come before it");

  for (const hash of ["a", "c"]) {
    const again = lookups.get(hash);
    asked.at(-1)?.answer(null);
    assert.equal(await again, null, hash);
  }
  assert.equal(await lookups.get("b"), bob);
  assert.deepEqual(
    asked.map(({ hash }) => hash),
    ["a", "b", "c", "a", "c"],
  );
});

test("what is not there is looked up every time, also by who waited for another look-up", async () => {
  const { lookups, asked } = setUp();
  const both = Promise.all([lookups.get("a"), lookups.get("a")]);
  asked[0]?.answer(null);
  while (asked.length < 2) await new Promise(setImmediate);
  asked[1]?.answer(ada);
  assert.deepEqual(await both, [null, ada]);
});

test("what ends meanwhile is not there, and a look-up that fails leaves nothing", async () => {
  const { lookups, asked } = setUp();
  const first = lookups.get("a");
  asked[0]?.answer({ ...ada, endsAtMs: Date.now() - 1 });
  await first;
  assert.equal(await lookups.get("a"), null);

  const failing = lookups.get("b");
  asked[1]?.fail(new Error("away"));
  await assert.rejects(failing, /away/);
  const again = lookups.get("b");
  asked[2]?.answer(bob);
  assert.equal(await again, bob);
});

test("no more than so many are remembered", async () => {
  const { lookups, asked } = setUp({ entriesMax: 2 });
  for (const hash of ["a", "b", "c", "a"]) {
    const found = lookups.get(hash);
    asked.at(-1)?.answer(ada);
    await found;
  }
  assert.equal(asked.length, 4);
});
