import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkBudget } from "./work-budget.ts";

test("whoever has cost more than the budget waits until it has come back, and nobody else does", () => {
  const budget = new WorkBudget({ msPerSecond: 10, burstMs: 100 });
  assert.equal(budget.secondsToWait("a", 0), 0);
  budget.charge("a", 100, 0);
  assert.equal(budget.secondsToWait("a", 0), 0, "all of it may be used");
  budget.charge("a", 25, 0);
  assert.equal(budget.secondsToWait("a", 0), 3, "2.5 s, told as whole seconds");
  assert.equal(budget.secondsToWait("b", 0), 0);
  assert.ok(!budget.isCutOff("a", 0));
  assert.equal(budget.secondsToWait("a", 2500), 0);
  assert.ok(budget.isCharged("a", 2500));
  assert.ok(!budget.isCharged("a", 12_500), "all of it has come back");
  assert.ok(!budget.isCharged("b", 0));
});

// INVARIANT 68
test("memory is bounded, however many clients there are", () => {
  const budget = new WorkBudget({ msPerSecond: 10, burstMs: 100, clientsMax: 1000 });
  for (let n = 0; n < 20_000; n++) budget.charge(`client ${n}`, 50, n);
  assert.ok(budget.clients() <= 1000, `${budget.clients()}`);
  budget.charge("last", 1, 1e7);
  for (let n = 0; n < 600; n++) budget.charge(`late ${n}`, 1, 1e7);
  assert.ok(budget.clients() < 800, "who is quiet is forgotten");
});
