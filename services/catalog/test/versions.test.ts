import assert from "node:assert/strict";
import { test } from "node:test";
import type { Version } from "@mosis/types/versions";
import { act, approved, startReleasing, versionsOf } from "./releasing.ts";
import { newVersion } from "./signing.ts";
import { assertProblem, auditTrail, withoutRequest } from "./support.ts";

const go = "org.mosis.go";
const list = versionsOf(go);

test("a version is a draft as GET and the list show it later, with one audit event", async (t) => {
  const { ada, db, key } = await startReleasing(t);
  const more = { permissions: ["network"], min_mosis_version: "1.10", release_notes: "New.\nBetter." };
  const body = newVersion(7, key, more);
  const created = await ada.post(list, body).set("X-Request-Id", "upload.1").expect(201);
  const version = created.body as Version;
  const { id, created_at, updated_at, ...rest } = version;
  const untouched = {
    availability: null,
    rollout_percent: null,
    halted_at: null,
    halt_reason: null,
    yanked_at: null,
    yank_reason: null,
    review_notes: null,
    submitted_at: null,
    published_at: null,
  };
  const allowed_actions = ["change", "delete", "submit"];
  assert.deepEqual(rest, { package_id: go, ...body, status: "draft", ...untouched, allowed_actions });
  assert.equal(created.headers["location"], `${list}/7`);
  assert.ok(id && created_at === updated_at);

  const read = await ada.get(`${list}/7`).expect(200);
  assert.deepEqual(read.body, version);
  assert.equal(read.headers["etag"], created.headers["etag"]);
  const { body: page } = await ada.get(list).expect(200);
  assert.deepEqual(page, { data: [version], page: { next_cursor: null, has_more: false } });

  const { action, request_id, target_id, payload, developer_id } = (await auditTrail(db)).at(-1) ?? {};
  const { allowed_actions: _, ...told } = version;
  assert.deepEqual(
    { action, request_id, target_id, payload, developer_id },
    { action: "version.created", request_id: "upload.1", target_id: id, payload: told, developer_id: ada.id },
  );
});

test("a version whose package no device could fetch is neither made nor changed to be", async (t) => {
  const { ada, key } = await startReleasing(t);
  const nowhere = { package_url: "https://ex..com/1.mosis" };
  const refused = assertProblem(await ada.post(list, newVersion(1, key, nowhere)), "invalid_request");
  assert.equal(refused.errors?.[0]?.pointer, "/package_url");
  await ada.post(list, newVersion(1, key)).expect(201);
  assertProblem(await ada.patch(`${list}/1`, nowhere).set("If-Match", "*"), "invalid_request");
});

test("a draft is changed and deleted, what was published is not", async (t) => {
  const { ada, rita, db, key } = await startReleasing(t);
  const created = await ada.post(list, newVersion(1, key)).expect(201);
  const etag = created.headers["etag"] as string;
  const change = { version_name: "1.0", permissions: ["camera"], release_notes: null };
  assertProblem(await ada.patch(`${list}/1`, change), "precondition_required");
  const changed = await ada.patch(`${list}/1`, change).set("If-Match", etag).expect(200);
  const { version_name, permissions } = changed.body as Version;
  assert.deepEqual({ version_name, permissions }, { version_name: "1.0", permissions: ["camera"] });
  assertProblem(await ada.patch(`${list}/1`, change).set("If-Match", etag), "precondition_failed");
  assertProblem(await ada.post(`${list}/1:submit`).set("If-Match", etag), "precondition_failed");
  assertProblem(await ada.post(`${list}/1:submit`), "precondition_required");
  // What changes nothing leaves no event.
  const before = (await auditTrail(db)).length;
  await ada.patch(`${list}/1`, change).set("If-Match", "*").expect(200);
  assert.equal((await auditTrail(db)).length, before);
  // Another package needs another signature.
  const digest = { package_digest: "0".repeat(64) };
  assertProblem(await ada.patch(`${list}/1`, digest).set("If-Match", "*"), "signature_invalid");

  await ada.delete(`${list}/1`).set("If-Match", "*").expect(204);
  assertProblem(await ada.get(`${list}/1`), "not_found");
  const path = await approved({ caller: ada, reviewer: rita }, go, newVersion(1, key));
  await act(ada, path, "publish", {});
  for (const answer of [
    await ada.delete(path).set("If-Match", "*"),
    await ada.patch(path, change).set("If-Match", "*"),
  ]) {
    assert.equal(assertProblem(answer, "state_conflict").errors?.[0]?.code, "version_available");
  }
});

// Guards "a resource that is not yours answers exactly like one that does not exist".
// INVARIANT 40
test("someone else's version is a 404, byte for byte like a missing one, whatever is asked", async (t) => {
  const { ada, as, key } = await startReleasing(t);
  await ada.post(list, newVersion(1, key)).expect(201);
  const bob = await as("bob");
  const reason = { reason: "why" };
  const bodies: [string, object?][] = [
    ...(["submit", "withdraw", "resume", "complete"] as const).map((name): [string] => [name]),
    ...([
      ["publish", {}],
      ["rollout", { rollout_percent: 5 }],
    ] as [string, object][]),
    ...([
      ["halt", reason],
      ["yank", reason],
    ] as [string, object][]),
  ];
  const asked = (path: string) => [
    bob.get(path),
    bob.get(`${path}/permission-diff`),
    bob.patch(path, { version_name: "x" }).set("If-Match", "*"),
    bob.delete(path).set("If-Match", "*"),
    ...bodies.map(([name, body]) => bob.post(`${path}:${name}`, body).set("If-Match", "*")),
  ];
  const foreign = await Promise.all(asked(`${list}/1`));
  for (const missing of [
    `${list}/2`,
    `${versionsOf("org.mosis.none")}/1`,
    `${list}/x`,
    `${list}/2147483648`,
  ]) {
    for (const [i, answer] of (await Promise.all(asked(missing))).entries()) {
      const other = foreign[i];
      assert.ok(other);
      assertProblem(answer, "not_found");
      assert.deepEqual(withoutRequest(answer), withoutRequest(other), missing);
    }
  }
  const lists = [await bob.get(list), await bob.get(versionsOf("org.mosis.none"))];
  const [one, another] = lists.map(withoutRequest);
  assert.deepEqual(one, another);
  assertProblem(await bob.post(list, newVersion(2, key)), "not_found");
});

test("pages go from the greatest code to the smallest", async (t) => {
  const { ada, key } = await startReleasing(t);
  for (const code of [1, 2, 3, 2_147_483_647]) await ada.post(list, newVersion(code, key)).expect(201);
  const first = await ada.get(`${list}?limit=3`).expect(200);
  const { data, page } = first.body as { data: Version[]; page: { next_cursor: string } };
  assert.deepEqual(codesOf(data), [2_147_483_647, 3, 2]);
  const rest = await ada.get(`${list}?limit=3&cursor=${page.next_cursor}`).expect(200);
  assert.deepEqual(codesOf((rest.body as { data: Version[] }).data), [1]);
});

const codesOf = (versions: Version[]) => versions.map(({ version_code }) => version_code);
