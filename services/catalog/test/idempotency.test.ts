import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import { assertProblem, auditTrail, type Caller, startCatalog } from "./support.ts";

const path = "/v1/telemetry-restrictions";
const noise = { event_name: "noise", action: "drop", reason: "too much of it" };

function restrict(caller: Caller, key: string, body: object = noise) {
  return caller.post(path, body).set("Idempotency-Key", key);
}

// Guards "a request with an Idempotency-Key is done once" (INVARIANTS.md).
// INVARIANT 25
test("of parallel requests with one Idempotency-Key one is done, and all are told the same", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const answers = await Promise.all(Array.from({ length: 30 }, () => restrict(ada, "k-1")));
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    assertProblem(answer, "request_in_flight");
    assert.equal(answer.headers["retry-after"], "1");
  }
  const again = await restrict(ada, "k-1").expect(201);
  assert.equal(again.headers["idempotency-replayed"], "true");
  for (const answer of answers.filter(({ status }) => status === 201)) {
    assert.deepEqual(answer.body, again.body);
    assert.equal(answer.headers["location"], again.headers["location"]);
  }
  const first = answers.filter(
    ({ status, headers }) => status === 201 && headers["idempotency-replayed"] === undefined,
  );
  assert.equal(first.length, 1);

  const made = (await auditTrail(db)).filter(({ action }) => action === "telemetry_restriction.created");
  assert.equal(made.length, 1);
  const { body } = await ada.get(path).expect(200);
  assert.equal((body as { data: object[] }).data.length, 1);
});

// INVARIANT 25
test("a key stands for one request of one client for a day, and for nothing that was refused", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);

  // Refused: the key is free for the request as it should have been.
  await restrict(ada, "k-2", { ...noise, package_id: "org.mosis.none" }).expect(422);
  const created = await restrict(ada, "k-2").expect(201);

  assertProblem(await restrict(ada, "k-2", { ...noise, reason: "another" }), "idempotency_key_reused");
  assertProblem(
    await ada.post("/v1/apps/org.mosis.none/erasures", noise).set("Idempotency-Key", "k-2"),
    "invalid_request",
  );
  const ofBob = await restrict(bob, "k-2").expect(201);
  assert.notEqual((ofBob.body as { id: string }).id, (created.body as { id: string }).id);

  await execute(db, sql`update idempotency_keys set created_at = now() - interval '24 hours 1 second'`);
  const next = await restrict(ada, "k-2").expect(201);
  assert.notEqual((next.body as { id: string }).id, (created.body as { id: string }).id);
  assertProblem(await restrict(ada, "not a key"), "invalid_request");
  assertProblem(await restrict(ada, "x".repeat(256)), "invalid_request");
});
