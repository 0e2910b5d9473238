import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeSweep, type SweepFound, SweepRefused } from "./sweep-guard.ts";

const dayMs = 86_400_000;
const nowMs = 1000 * dayMs;
const limits = { quietDaysMax: 3, percentMax: 50 };

test("a sweep that looks like a wrong clock is refused, until an operator allows it", () => {
  const usual = { rows: 100, expired: 50, newestReceivedMs: nowMs - dayMs };
  const outcome = (changes: Partial<SweepFound>, allowed = {}) => {
    try {
      judgeSweep({ ...usual, ...changes }, nowMs, { ...limits, ...allowed });
      return "done";
    } catch (error) {
      assert.ok(error instanceof SweepRefused);
      return error.reason;
    }
  };
  assert.equal(outcome({}), "done");
  assert.equal(outcome({ expired: 51 }), "share");
  assert.equal(outcome({ expired: 100 }, { percentMax: 100 }), "done");
  assert.equal(outcome({ newestReceivedMs: nowMs - 3.1 * dayMs }), "quiet");
  assert.equal(outcome({ newestReceivedMs: nowMs - 200 * dayMs }, { quietDaysMax: 365 }), "done");
  assert.equal(outcome({ newestReceivedMs: nowMs - 200 * dayMs, expired: 0 }), "done", "nothing to delete");
});
