import assert from "node:assert/strict";
import { test } from "node:test";
import { oneAtATime } from "./one-at-a-time.ts";

test("callers share a run that begins after they called, and a run that fails stops nothing", async () => {
  const runs: PromiseWithResolvers<string>[] = [];
  const begun = Promise.withResolvers<void>();
  const ask = oneAtATime(() => {
    const run = Promise.withResolvers<string>();
    runs.push(run);
    begun.resolve();
    return run.promise;
  });
  const first = ask();
  await begun.promise;
  const late = [ask(), ask(), ask()];
  assert.equal(runs.length, 1, "one at a time");
  runs[0]?.reject(new Error("away"));
  await assert.rejects(first, /away/);
  await Promise.resolve();
  assert.equal(runs.length, 2);
  runs[1]?.resolve("newer");
  assert.deepEqual(await Promise.all(late), ["newer", "newer", "newer"]);
});
