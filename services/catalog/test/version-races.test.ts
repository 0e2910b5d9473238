import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, type Pool, type Sql, sql, transaction } from "@mosis/postgres";
import type { App } from "@mosis/types/apps";
import type { Version, VersionAction } from "@mosis/types/versions";
import Type from "typebox";
import { createDice } from "../../../infra/local/lifelike.ts";
import { untilWaiting } from "./locks.ts";
import { act, approve, approved, startReleasing, versionsOf } from "./releasing.ts";
import { newVersion, register } from "./signing.ts";
import { assertProblem, auditTrail, type Caller } from "./support.ts";

const go = "org.mosis.go";
const list = versionsOf(go);

/** States that no order of actions may lead to. */
const impossible: Record<string, Sql> = {
  "two versions in review, or in rollout": sql`
    select app_id from app_versions where status = 'review' group by app_id having count(*) > 1
    union all
    select id from apps where rollout_version_id = latest_version_id`,
  "a review without a submission that waits, or the other way round": sql`
    select version.id from app_versions as version
    where (status = 'review')
      <> exists (select from reviews where version_id = version.id and state = 'waiting')`,
  "a latest version that is not the newest that all installs get": sql`
    select id from apps
    where latest_version_id is distinct from (
      select id from app_versions
      where app_id = apps.id and status = 'published' and rollout_percent = 100
        and halted_at is null and yanked_at is null
      order by version_code desc limit 1)`,
  "a latest version under another code or name": sql`
    select apps.id from apps left join app_versions as version on version.id = latest_version_id
    where (latest_code, latest_name) is distinct from (version_code, version_name)`,
  "a rollout that is not of the newest published version": sql`
    select apps.id from apps join app_versions as version on version.id = rollout_version_id
    where version_code <> published_code_max or version.status <> 'published' or rollout_percent = 100
      or yanked_at is not null`,
  "the greatest published code is another": sql`
    select id from apps
    where published_code_max is distinct from (
      select max(version_code) from app_versions where app_id = apps.id and status = 'published')`,
  "published after a version with a greater code": sql`
    select older.id from app_versions as older join app_versions as newer using (app_id)
    where older.version_code < newer.version_code and older.published_at > newer.published_at`,
  "published without a pinned key": sql`
    select id from apps where (published_code_max is null) <> (signing_fingerprint is null)`,
  "a published app that never had a published version": sql`
    select id from apps where status <> 'draft' and published_code_max is null`,
};

async function assertPossible(db: Pool): Promise<void> {
  for (const [what, query] of Object.entries(impossible)) {
    assert.deepEqual(await many(db, Type.Object({}), query), [], what);
  }
}

const bodies: Partial<Record<VersionAction, (chance: number) => object>> = {
  change: (chance) => ({ version_name: String(chance).slice(0, 10) }),
  publish: (chance) => ({ rollout_percent: chance < 0.3 ? 100 : Math.ceil(chance * 100) }),
  rollout: (chance) => ({ rollout_percent: Math.ceil(chance * 99) }),
  halt: () => ({ reason: "it crashes" }),
  yank: () => ({ reason: "it crashes" }),
};

function send(caller: Caller, path: string, action: VersionAction, chance = 0.5) {
  const body = bodies[action]?.(chance);
  if (action === "change") return caller.patch(path, body).set("If-Match", "*");
  if (action === "delete") return caller.delete(path).set("If-Match", "*");
  return caller.post(`${path}:${action}`, body).set("If-Match", "*");
}

// Guards "whatever is done to an app and its versions at once, what devices get follows from what was done".
// INVARIANT 29
test("hundreds of actions at once never leave an impossible state", async (t) => {
  const { ada, db, key, rita } = await startReleasing(t);
  const dice = createDice(11);
  const codes = [1, 2, 3, 4, 5, 6];
  for (const code of codes) await ada.post(list, newVersion(code, key)).expect(201);
  await act(ada, `${list}/1`, "submit");
  await approve(rita, go);
  await act(ada, `${list}/1`, "publish", {});

  const answers = new Map<number, number>();
  const actions: VersionAction[] = [
    ...(["submit", "publish", "rollout", "halt", "resume", "complete", "withdraw", "change"] as const),
    ...(["submit", "publish", "halt", "resume", "publish"] as const),
  ];
  for (let round = 0; round < 20; round++) {
    const wave = Array.from({ length: 20 }, (_, i) => {
      const n = round * 20 + i;
      // The newest are still to come at the beginning, and everything may be yanked at the end.
      const code = 1 + Math.floor(dice(1, n) * Math.min(codes.length, 2 + round / 3));
      const isLate = round > 12 && dice(3, n) < 0.1;
      const action = isLate ? "yank" : (actions[Math.floor(dice(2, n) * actions.length)] ?? "submit");
      return send(ada, `${list}/${code}`, action, dice(4, n));
    });
    const reviews = approve(rita, go).catch(() => undefined);
    for (const { status } of await Promise.all(wave)) answers.set(status, (answers.get(status) ?? 0) + 1);
    await reviews;
    await assertPossible(db);
  }
  assert.deepEqual(new Set(answers.keys()), new Set([200, 409]));
  assert.ok((answers.get(200) ?? 0) > 25, `${answers.get(200)} of 400 were done`);
  const { body } = await ada.get(`/v1/apps/${go}`).expect(200);
  assert.ok((body as App).signing_key === key.fingerprint);
});

// INVARIANT 30
test("what allowed_actions names is done, and everything else is refused with a way out", async (t) => {
  const { ada, db, key, rita } = await startReleasing(t);
  const other = await register(ada);
  const paths: string[] = [];
  const who = { caller: ada, reviewer: rita };
  for (const code of [1, 2, 3]) paths.push(await approved(who, go, newVersion(code, key)));
  const [one = "", two = ""] = paths;
  await ada.post(list, newVersion(4, other)).expect(201);
  await ada.post(list, newVersion(5, key)).expect(201);
  await ada.post(list, newVersion(6, key)).expect(201);
  await act(ada, one, "publish", {});
  await act(ada, two, "publish", { rollout_percent: 10 });
  await act(ada, `${list}/5`, "submit");

  const actions: VersionAction[] = ["change", "submit", "withdraw", "publish", "rollout", "halt", "resume"];
  const dice = createDice(12);
  let done = 0;
  for (let step = 0; step < 150; step++) {
    const path = `${list}/${1 + Math.floor(dice(1, step) * 6)}`;
    const { body } = await ada.get(path).expect(200);
    const allowed = (body as Version).allowed_actions;
    const names: VersionAction[] = [...actions, "complete"];
    const action = names[Math.floor(dice(2, step) * names.length)] ?? "submit";
    const answer = await send(ada, path, action, 0.999);
    const { status, text } = answer;
    assert.equal(
      status,
      allowed.includes(action) ? 200 : 409,
      `${action}, allowed ${allowed.join(" ")}: ${text}`,
    );
    if (status === 200) done++;
    else assert.match((answer.body as { errors: { fix: string }[] }).errors[0]?.fix ?? "", /^[A-Z].*\.$/);
  }
  assert.ok(done > 15, `${done} were done`);
  await assertPossible(db);
});

// Guards "the database decides races".
// INVARIANT 29
test("an app is not published while its only version is being halted", async (t) => {
  const { ada, db, key, rita } = await startReleasing(t);
  const path = await approved({ caller: ada, reviewer: rita }, go, newVersion(1, key));
  await act(ada, path, "publish", { rollout_percent: 10 });
  const sent = await transaction(db, async (tx) => {
    // The halting has the app by then, and waits here for its version; the publication waits for the app.
    await execute(tx, sql`select from app_versions for update`);
    const halted = send(ada, path, "halt").then((it) => it);
    await untilWaiting(db, 1);
    const published = ada
      .post(`/v1/apps/${go}:publish`)
      .set("If-Match", "*")
      .then((it) => it);
    await untilWaiting(db, 2);
    return { halted, published };
  });
  assert.equal((await sent.halted).status, 200);
  const refused = assertProblem(await sent.published, "state_conflict");
  assert.equal(refused.errors?.[0]?.code, "no_published_version");
});

// Guards "the database decides races".
// INVARIANT 31
test("of fifty who create one package id at once one succeeds, also against a deletion of it", async (t) => {
  const { ada, as, db } = await startReleasing(t);
  const bob = await as("bob");
  const ludo = { package_id: "org.mosis.ludo", name: "Ludo" };
  const callers = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? ada : bob));
  const statuses = async () => {
    const answers = await Promise.all(callers.map((caller) => caller.post("/v1/apps", ludo)));
    return answers.map(({ status }) => status).toSorted((a, b) => a - b);
  };
  const refused = Array.from({ length: 49 }, () => 409);
  assert.deepEqual(await statuses(), [201, ...refused]);
  const created = (await auditTrail(db)).filter(({ action, payload }) => {
    return action === "app.created" && payload["package_id"] === "org.mosis.ludo";
  });
  assert.equal(created.length, 1);

  // Nothing of it was published, so its id is free: one of those who come after the deletion gets it.
  const owner = created[0]?.developer_id === ada.id ? ada : bob;
  const deletion = owner.delete("/v1/apps/org.mosis.ludo").set("If-Match", "*").expect(204);
  const [late] = await Promise.all([statuses(), deletion]);
  const given = [...late, ...(await statuses())].filter((status) => status !== 409);
  assert.deepEqual(given, [201]);
});
