import assert from "node:assert/strict";
import { test } from "node:test";
import { VersionAction, type VersionState } from "@mosis/types/versions";
import {
  allowedVersionActions,
  availabilityOf,
  mayAct,
  refusalOf,
  requireVersionAction,
  stateOf,
  type VersionFacts,
} from "./lifecycle.ts";

const key = "a".repeat(64);
const draft: VersionFacts = {
  version_code: 5,
  status: "draft",
  rollout_percent: null,
  halted_at: null,
  yanked_at: null,
  signing_key: key,
  is_signing_key_active: true,
  is_rollout: false,
  pinned_key: key,
  published_code_max: 4,
  review_code: null,
};
const published: VersionFacts = { ...draft, status: "published", published_code_max: 5 };
const now = "2026-01-01T00:00:00.000Z";
const developer = { role: "developer", isDeveloper: true } as const;

const states: Record<VersionState, VersionFacts> = {
  draft,
  review: { ...draft, status: "review", review_code: 5 },
  approved: { ...draft, status: "approved" },
  rejected: { ...draft, status: "rejected" },
  rollout: { ...published, rollout_percent: 20, is_rollout: true },
  available: { ...published, rollout_percent: 100 },
  halted: { ...published, rollout_percent: 20, is_rollout: true, halted_at: now },
  superseded: { ...published, rollout_percent: 20, published_code_max: 6 },
  yanked: { ...published, rollout_percent: 100, yanked_at: now },
};

test("each state allows its developer what the design says, and nothing else", () => {
  const allowed = Object.entries(states).map(([state, facts]) => [
    state,
    allowedVersionActions(facts, developer).join(" "),
  ]);
  assert.deepEqual(Object.fromEntries(allowed), {
    draft: "change delete submit",
    review: "withdraw",
    approved: "withdraw publish",
    rejected: "change submit",
    rollout: "rollout halt complete yank",
    available: "halt yank",
    halted: "rollout resume yank",
    superseded: "yank",
    yanked: "",
  });
});

// INVARIANT 30
test("whatever is not allowed has a code, a reason and a way out", () => {
  for (const [state, facts] of Object.entries(states)) {
    assert.equal(stateOf(facts), state);
    assert.equal(availabilityOf(facts), facts.status === "published" ? state : null);
    for (const action of VersionAction.enum) {
      const refusal = refusalOf(action, facts);
      if (refusal === null) continue;
      assert.match(refusal.code, /^[a-z_]+$/);
      assert.match(refusal.message, /^(is|was) .*[^.]$/);
      assert.match(refusal.fix, /^[A-Z].*\.$/, `${action} in ${state}`);
      const viewer = { role: "admin", isDeveloper: false } as const;
      assert.throws(() => requireVersionAction(action, facts, viewer), {
        code: "state_conflict",
        detail: `Version 5 ${refusal.message}. ${refusal.fix}`,
      });
    }
  }
});

test("what was halted at 100 percent is resumed, not rolled out again", () => {
  const facts = { ...states.available, halted_at: now };
  assert.deepEqual(allowedVersionActions(facts, developer), ["resume", "yank"]);
  assert.equal(refusalOf("rollout", facts)?.fix, "Resume it, or yank it.");
});

test("a rollout at 99 percent is completed, and is not told to grow", () => {
  const facts = { ...states.rollout, rollout_percent: 99 };
  assert.deepEqual(allowedVersionActions(facts, developer), ["halt", "complete", "yank"]);
  assert.match(refusalOf("rollout", facts)?.fix ?? "", /:complete/);
  const halted = { ...states.halted, rollout_percent: 99 };
  assert.deepEqual(allowedVersionActions(halted, developer), ["rollout", "resume", "yank"]);
});

test("a code that is not above every published one is neither submitted nor published", () => {
  for (const [action, facts] of [
    ["submit", states.draft],
    ["publish", states.approved],
  ] as const) {
    assert.equal(refusalOf(action, { ...facts, published_code_max: null }), null);
    assert.equal(refusalOf(action, { ...facts, published_code_max: 5 })?.code, "version_code_too_small");
    assert.match(refusalOf(action, { ...facts, published_code_max: 9 })?.fix ?? "", /above 9\./);
  }
});

test("a newer submission supersedes the one in review, an older one does not", () => {
  assert.equal(refusalOf("submit", { ...draft, review_code: 4 }), null);
  assert.equal(refusalOf("submit", { ...draft, review_code: 6 })?.code, "newer_version_in_review");
});

test("a version has to be signed with the pinned key, and that has to be active", () => {
  for (const [action, facts] of [
    ["submit", states.draft],
    ["publish", states.approved],
  ] as const) {
    const other = { ...facts, signing_key: "b".repeat(64) };
    assert.equal(refusalOf(action, other)?.code, "signing_key_not_pinned");
    assert.equal(refusalOf(action, { ...other, pinned_key: null }), null);
    assert.equal(refusalOf(action, { ...facts, is_signing_key_active: false })?.code, "signing_key_revoked");
    assert.equal(refusalOf(action, { ...facts, signing_key: null })?.code, "signing_key_revoked");
  }
});

test("a review is of a reviewer or admin whose app it is not, all else of the developer or an admin", () => {
  const reviews = new Set<VersionAction>(["approve", "reject"]);
  for (const action of VersionAction.enum) {
    const isReview = reviews.has(action);
    assert.equal(mayAct(action, developer), !isReview);
    const other = { role: "developer", isDeveloper: false } as const;
    assert.throws(() => requireVersionAction(action, draft, other), { code: "permission_missing" });
    for (const role of ["reviewer", "admin"] as const) {
      assert.equal(mayAct(action, { role, isDeveloper: true }), !isReview);
    }
    assert.equal(mayAct(action, { role: "reviewer", isDeveloper: false }), isReview);
    assert.equal(mayAct(action, { role: "admin", isDeveloper: false }), true);
  }
});
