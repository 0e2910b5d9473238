import assert from "node:assert/strict";
import { test } from "node:test";
import { AppAction } from "@mosis/types/apps";
import { allowedAppActions, type AppFacts, refusalOf, requireAppAction } from "./lifecycle.ts";

const draft: AppFacts = { status: "draft", suspended_by: null, has_release: false, signing_key: null };
const released: AppFacts = { ...draft, has_release: true, signing_key: "a".repeat(64) };
const states: Record<string, AppFacts> = {
  draft,
  released,
  published: { ...released, status: "published" },
  suspended: { ...released, status: "suspended", suspended_by: "developer" },
  banned: { ...released, status: "suspended", suspended_by: "admin" },
};
const developer = { role: "developer", isDeveloper: true } as const;
const admin = { role: "admin", isDeveloper: false } as const;

test("each state allows its developer and an admin what the design says, and nothing else", () => {
  const rows = Object.entries(states).map(([name, facts]) => [
    name,
    [developer, admin].map((viewer) => allowedAppActions(facts, viewer).join(" ")),
  ]);
  assert.deepEqual(Object.fromEntries(rows), {
    draft: ["change delete", "change delete"],
    released: ["change delete publish rotate-signing-key", "change delete publish rotate-signing-key"],
    published: ["change suspend rotate-signing-key", "change suspend rotate-signing-key"],
    suspended: [
      "change delete restore rotate-signing-key",
      "change delete suspend restore rotate-signing-key",
    ],
    banned: ["change delete rotate-signing-key", "change delete restore rotate-signing-key"],
  });
});

// INVARIANT 30
test("whatever is not allowed has a code, a reason and a way out", () => {
  for (const facts of Object.values(states)) {
    for (const action of AppAction.enum) {
      const refusal = refusalOf(action, facts, developer);
      if (refusal === null) continue;
      assert.match(refusal.code, /^[a-z_]+$/);
      assert.match(refusal.message, /^(is|was|has) .*[^.]$/);
      assert.match(refusal.fix, /^[A-Z].*\.$/);
      const code = refusal.code === "suspended_by_admin" ? "permission_missing" : "state_conflict";
      assert.throws(() => requireAppAction(action, facts, developer), { code });
    }
  }
});

test("nobody lifts an admin's suspension of their own app", () => {
  const own = { role: "admin", isDeveloper: true } as const;
  assert.ok(!allowedAppActions(states["banned"] as AppFacts, own).includes("restore"));
});
