import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageRecord } from "@mosis/types/telemetry-usage";
import { dayMs, dayOf, Usage } from "./usage.ts";

const today = dayOf(Date.UTC(2026, 10, 25));

// INVARIANT 14
test("every process knows what all have taken, each record once, its own not again", () => {
  const [one, two] = [new Usage(), new Usage()];
  one.count("app", today, 5);
  two.count("app", today, 70);
  const record = one.takeRecord(today, 10);
  assert.ok(record);
  for (let times = 0; times < 2; times++) {
    one.apply(one.process, json(record), today);
    two.apply(one.process, json(record), today);
  }
  assert.deepEqual([one.events("app", today), two.events("app", today)], [5, 75]);
  assert.equal(one.takeRecord(today, 10), null, "nothing is told twice");

  one.count("app", today, 1);
  one.count("app", today, -4);
  const next = one.takeRecord(today, 10);
  assert.deepEqual(next, { sequence: 2, day: today, events: { app: -3 } });
  two.apply(one.process, json(next), today);
  assert.equal(two.events("app", today), 72);
  // An old record that comes late, as a client's own retry may bring it.
  two.apply(one.process, json(record), today);
  assert.equal(two.events("app", today), 72);
});

test("a process that starts again counts what it has told before", () => {
  const before = new Usage();
  before.count("app", today, 9);
  const record = before.takeRecord(today, 10);
  const after = new Usage();
  after.apply(before.process, json(record), today);
  assert.equal(after.events("app", today), 9);
});

test("a day begins at nothing, and what somebody tells of tomorrow is kept until then", () => {
  const usage = new Usage();
  usage.count("app", today, 9);
  usage.apply("other", json({ sequence: 1, day: today - 9, events: { app: 50 } }), today);
  usage.apply("other", json({ sequence: 2, day: today + 1, events: { app: 3 } }), today);
  usage.apply("other", json({ sequence: 3, day: today + 9, events: { app: 7 } }), today);
  assert.deepEqual([usage.events("app", today), usage.events("app", today + 1)], [9, 3]);
  assert.deepEqual([usage.events("app", today - 9), usage.events("app", today + 9)], [0, 0]);
  assert.equal(dayOf(today * dayMs - 1), today - 1);
});

test("a clock that was wrong for a moment finds its day again, with all that was taken", () => {
  const usage = new Usage();
  usage.count("app", today, 9);
  for (const day of [today + 1, today + 200]) {
    usage.count("app", day, 1);
    usage.forgetOldDays();
    usage.apply("other", json({ sequence: day, day, events: { app: 2 } }), day);
  }
  assert.equal(usage.events("app", today), 9);
  assert.deepEqual(usage.takeRecord(today, 10)?.events, { app: 9 });

  // Days that are over are forgotten all the same.
  for (let day = today + 1; day < today + 9; day++) {
    usage.count("app", day, 1);
    usage.forgetOldDays();
  }
  assert.equal(usage.events("app", today), 0);
  assert.equal(usage.events("app", today + 8), 1);
});

test("a record that is not in its form is an error", () => {
  const usage = new Usage();
  assert.throws(() => usage.apply("other", Buffer.from("{}"), today), /not in its form/);
  assert.throws(() => usage.apply("other", null, today), /not in its form/);
});

test("a record has so many apps at most, and the others come with the next", () => {
  const usage = new Usage();
  for (let app = 0; app < 25; app++) usage.count(`app ${app}`, today, 1);
  const sizes = [];
  for (let record = usage.takeRecord(today, 10); record; record = usage.takeRecord(today, 10)) {
    sizes.push(Object.keys(record.events).length);
  }
  assert.deepEqual(sizes, [10, 10, 5]);
  assert.equal(usage.unpublished(today), 0);
});

function json(record: UsageRecord | null): Buffer {
  return Buffer.from(JSON.stringify(record));
}
