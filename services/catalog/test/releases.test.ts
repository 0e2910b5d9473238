import assert from "node:assert/strict";
import { test } from "node:test";
import type { App } from "@mosis/types/apps";
import type { Version } from "@mosis/types/versions";
import { act, approved, startReleasing, versionsOf } from "./releasing.ts";
import { newVersion } from "./signing.ts";
import { assertProblem, auditTrail, type Caller } from "./support.ts";

const go = "org.mosis.go";
const app = `/v1/apps/${go}`;
const list = versionsOf(go);

test("a version goes from draft over review to a rollout and to everybody", async (t) => {
  const { ada, rita, db, key } = await startReleasing(t);
  const path = await approved({ caller: ada, reviewer: rita }, go, newVersion(1, key));
  const published = await act(ada, path, "publish", { rollout_percent: 20 });
  assert.equal(published.availability, "rollout");
  assert.deepEqual(await releasesOf(ada), [null, [1, 20, false]]);

  await act(ada, path, "rollout", { rollout_percent: 50 });
  const halted = await act(ada, path, "halt", { reason: "it crashes" });
  assert.deepEqual([halted.availability, halted.halt_reason], ["halted", "it crashes"]);
  assert.deepEqual(await releasesOf(ada), [null, [1, 50, true]]);
  // Only while it is halted may it go on with fewer.
  await act(ada, path, "rollout", { rollout_percent: 10 });
  const resumed = await act(ada, path, "resume");
  assert.deepEqual([resumed.availability, resumed.halted_at, resumed.halt_reason], ["rollout", null, null]);
  const refused = await ada.post(`${path}:rollout`, { rollout_percent: 10 }).set("If-Match", "*");
  assert.equal(assertProblem(refused, "state_conflict").errors?.[0]?.code, "rollout_shrinks");

  const last = await act(ada, path, "rollout", { rollout_percent: 99 });
  assert.deepEqual(last.allowed_actions, ["halt", "complete", "yank"]);
  const full = await ada.post(`${path}:rollout`, { rollout_percent: 99 }).set("If-Match", "*");
  assert.match(assertProblem(full, "state_conflict").detail, /at 99 percent\. Give it .* with :complete/);

  const complete = await act(ada, path, "complete");
  assert.deepEqual([complete.availability, complete.rollout_percent], ["available", 100]);
  assert.deepEqual(await releasesOf(ada), [1, null]);
  const told = (await auditTrail(db))
    .map(({ action }) => action)
    .filter((action) => action.startsWith("version."));
  assert.deepEqual(
    told.map((action) => action.slice("version.".length)),
    [
      "created",
      "submitted",
      "approved",
      "published",
      "rollout_changed",
      "halted",
      "rollout_changed",
      "resumed",
      "rollout_changed",
      "completed",
    ],
  );
});

// INVARIANT 29
test("the latest version is the newest that everybody gets, with the one in rollout beside it", async (t) => {
  const { ada, rita, db, key } = await startReleasing(t);
  const paths: string[] = [];
  for (const code of [1, 2, 3]) {
    paths.push(await approved({ caller: ada, reviewer: rita }, go, newVersion(code, key)));
  }
  const [first = "", second = "", third = ""] = paths;
  await act(ada, first, "publish", {});
  await act(ada, second, "publish", { rollout_percent: 5 });
  assert.deepEqual(await releasesOf(ada), [1, [2, 5, false]]);

  // A newer one ends the rollout of the older, which does not come back when the newer is yanked.
  await act(ada, third, "publish", { rollout_percent: 10 });
  assert.deepEqual(await releasesOf(ada), [1, [3, 10, false]]);
  const { body } = await ada.get(second).expect(200);
  assert.equal((body as Version).availability, "superseded");
  const yanked = await act(ada, third, "yank", { reason: "it deletes files" });
  assert.deepEqual([yanked.availability, yanked.yank_reason], ["yanked", "it deletes files"]);
  assert.deepEqual(await releasesOf(ada), [1, null]);

  // What everybody had may be halted too, and then there is none.
  await act(ada, first, "halt", { reason: "a bad server" });
  const partly = await ada.post(`${first}:rollout`, { rollout_percent: 50 }).set("If-Match", "*");
  assert.match(assertProblem(partly, "state_conflict").detail, /all installs\. Resume it, or yank it\./);
  assert.deepEqual(await releasesOf(ada), [null, null]);
  await act(ada, first, "resume");
  assert.deepEqual(await releasesOf(ada), [1, null]);
  const superseded = (await auditTrail(db)).filter(({ action }) => action === "version.superseded");
  assert.deepEqual(
    superseded.map(({ payload }) => [payload["version_code"], payload["superseded_by"]]),
    [[2, 3]],
  );
});

test("a newer submission supersedes the one that waits, which is a draft again", async (t) => {
  const { ada, db, key } = await startReleasing(t);
  for (const code of [1, 2]) await ada.post(list, newVersion(code, key)).expect(201);
  await act(ada, `${list}/1`, "submit");
  await act(ada, `${list}/2`, "submit");
  const { body } = await ada.get(`${list}/1`).expect(200);
  assert.equal((body as Version).status, "draft");
  const older = await ada.post(`${list}/1:submit`).set("If-Match", "*");
  const refused = assertProblem(older, "state_conflict");
  assert.equal(refused.errors?.[0]?.code, "newer_version_in_review");
  assert.match(refused.detail, /Withdraw version 2 first/);
  const told = (await auditTrail(db))
    .slice(-2)
    .map(({ action, payload }) => [action, payload["version_code"]]);
  assert.deepEqual(told, [
    ["version.submitted", 2],
    ["version.superseded", 1],
  ]);
});

// Guards "nothing is published under a code that devices would take for an older one".
// INVARIANT 29
test("a code is above every published one, and taken once", async (t) => {
  const { ada, rita, key } = await startReleasing(t);
  await ada.post(list, newVersion(3, key)).expect(201);
  const old = await approved({ caller: ada, reviewer: rita }, go, newVersion(4, key));
  const path = await approved({ caller: ada, reviewer: rita }, go, newVersion(5, key));
  await act(ada, path, "publish", {});
  assertProblem(await ada.post(list, newVersion(3, key)), "state_conflict");
  assertProblem(await ada.post(`${list}/3:submit`).set("If-Match", "*"), "state_conflict");
  assertProblem(await ada.post(`${old}:publish`, {}).set("If-Match", "*"), "state_conflict");
  const { body } = await ada.get(`${list}/3`).expect(200);
  assert.deepEqual((body as Version).allowed_actions, ["change", "delete"]);

  const answers = await Promise.all(Array.from({ length: 8 }, () => ada.post(list, newVersion(6, key))));
  const created = answers.filter(({ status }) => status === 201);
  assert.equal(created.length, 1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    assertProblem(answer, "version_code_taken");
  }
});

/** The code of the latest version, and code, percent and halt of the one in rollout. */
async function releasesOf(caller: Caller) {
  const { body } = await caller.get(app).expect(200);
  const { latest_version: latest, rollout_version: rollout } = body as App;
  return [
    latest?.version_code ?? null,
    rollout && [rollout.version_code, rollout.rollout_percent, rollout.is_halted],
  ];
}
