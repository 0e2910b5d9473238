import assert from "node:assert/strict";
import { test } from "node:test";
import { ReviewState } from "@mosis/types/reviews";
import { VersionStatus } from "@mosis/types/versions";
import { type Standing, waitsFor } from "./waiting.ts";

const refusal = {
  code: "signing_key_revoked",
  message: "is signed with a key that was revoked",
  fix: "Sign it.",
};
const waits: Standing = {
  status: "review",
  state: "waiting",
  claimed_until: null,
  position: 3,
  refusal: null,
};

// INVARIANT 37
test("whatever the state, somebody has to do something, or nobody has to do anything", () => {
  for (const status of VersionStatus.enum) {
    for (const state of ReviewState.enum) {
      for (const claimed_until of [null, "2026-01-01T00:00:00.000Z"]) {
        for (const why of [null, refusal]) {
          const told = waitsFor({ status, state, claimed_until, position: null, refusal: why });
          assert.match(told.message, /^[A-Z].*\.$/);
          assert.equal(told.for === "nobody", status === "published");
        }
      }
    }
  }
});

test("who waits in the queue knows the place, and who has it", () => {
  assert.deepEqual(waitsFor(waits), {
    for: "reviewer",
    message: "A reviewer has to claim it. Its place in the queue is 3.",
  });
  const { message } = waitsFor({ ...waits, claimed_until: "2026-01-01T00:00:00.000Z" });
  assert.match(message, /has claimed it until 2026-01-01/);
});

test("what could never be published waits for its developer", () => {
  for (const status of ["review", "approved"] as const) {
    assert.deepEqual(waitsFor({ ...waits, status, refusal }), {
      for: "developer",
      message: "It is signed with a key that was revoked, so it cannot be published. Withdraw it. Sign it.",
    });
  }
});
