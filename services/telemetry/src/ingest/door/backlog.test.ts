import assert from "node:assert/strict";
import { test } from "node:test";
import { createBacklog } from "./backlog.ts";

const limits = { turnMsMax: 250, turnRequestsMin: 100 };

/** A turn with so many requests. @returns how many of them were admitted. */
function turn(backlog: ReturnType<typeof createBacklog>, requests: number, turnMs: number): number {
  const admitted = Array.from({ length: requests }, () => backlog.admits()).filter(Boolean).length;
  backlog.turned(turnMs);
  return admitted;
}

// INVARIANT 3
test("two slow turns full of requests refuse what comes, until a turn is short", () => {
  const backlog = createBacklog(limits);
  const admitted = [
    turn(backlog, 500, 300),
    turn(backlog, 500, 300),
    turn(backlog, 500, 100),
    turn(backlog, 500, 60),
    turn(backlog, 10, 5),
    turn(backlog, 500, 300),
    turn(backlog, 500, 20),
    turn(backlog, 500, 300),
  ];
  assert.deepEqual(admitted, [500, 500, 0, 0, 0, 500, 500, 500]);
});

test("a process that gets no CPU, or is busy with a few large bodies, refuses nobody", () => {
  const backlog = createBacklog(limits);
  for (let n = 0; n < 10; n++) assert.equal(turn(backlog, 99, 2000), 99);
});
