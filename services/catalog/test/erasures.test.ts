import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { Erasure } from "@mosis/types/erasures";
import Type from "typebox";
import { assertProblem, auditTrail, everythingStored, startCatalog, withoutRequest } from "./support.ts";

const erasures = "/v1/apps/org.mosis.go/erasures";

// INVARIANT 18
test("an erasure is asked for with the install id, which is in its message and nowhere else", async (t) => {
  const { ada, db } = await setUp(t);
  const install_id = randomUUID();
  const answer = await ada.post(erasures, { install_id: install_id.toUpperCase() }).expect(202);
  const erasure = answer.body as Erasure;
  const install_hash = createHash("sha256").update(install_id).digest("hex");
  assert.deepEqual([erasure.state, erasure.install_hash, erasure.proof], ["requested", install_hash, null]);
  assert.equal(answer.headers["location"], `/v1/apps/org.mosis.go/telemetry/erasures/${erasure.id}`);

  const messages = await many(
    db,
    Type.Object({ record_key: Type.String(), payload: Type.Record(Type.String(), Type.Unknown()) }),
    sql`select record_key, payload from outbox where topic = 'telemetry.erasures'`,
  );
  const { app_id, requested_at } = erasure;
  const developer_id = ada.id;
  const payload = { erasure_id: erasure.id, developer_id, app_id, install_hash, requested_at, install_id };
  assert.deepEqual(messages, [{ record_key: erasure.id, payload }]);
  const event = (await auditTrail(db)).at(-1);
  assert.equal(event?.action, "telemetry_erasure.requested");
  assert.equal(event.payload["install_hash"], install_hash);
  await execute(db, sql`delete from outbox where topic = 'telemetry.erasures'`);
  assert.ok(!(await everythingStored(db)).includes(install_id));
});

test("an erasure needs the permission, a right body, and an app of one's own", async (t) => {
  const { ada, as, withBearer } = await setUp(t);
  const bob = await as("bob");
  const install_id = randomUUID();
  for (const body of [{}, { install_id: "x" }, { install_id, more: 1 }]) {
    assertProblem(await ada.post(erasures, body), "invalid_request");
  }
  const foreign = await bob.post(erasures, { install_id });
  assertProblem(foreign, "not_found");
  const missing = await bob.post("/v1/apps/org.mosis.none/erasures", { install_id });
  assert.deepEqual(withoutRequest(missing), withoutRequest(foreign));
  for (const [permission, status] of [
    ["telemetry:read", 403],
    ["telemetry:erase", 202],
  ] as const) {
    const asked = { name: "k", kind: "management", permissions: [permission] };
    const key = await ada.post("/v1/keys", asked).expect(201);
    const { secret } = key.body as { secret: string };
    await withBearer(secret).post(erasures, { install_id }).expect(status);
  }
});

test("an app has so many erasures a day", async (t) => {
  const { ada, db } = await setUp(t);
  const install_id = randomUUID();
  await ada.post(erasures, { install_id }).expect(202);
  const fill = (count: number, age: string) =>
    execute(
      db,
      sql`
        insert into telemetry_erasures (app_id, install_hash, requested_at)
        select app_id, install_hash, now() - ${age}::interval
        from telemetry_erasures, generate_series(1, ${count}) limit ${count}`,
    );
  await fill(999, "25 hours");
  await ada.post(erasures, { install_id }).expect(202);
  await fill(998, "23 hours");
  const refused = await ada.post(erasures, { install_id });
  assertProblem(refused, "quota_exceeded");
  const seconds = Number(refused.headers["retry-after"]);
  assert.ok(seconds > 3500 && seconds <= 3600, `the first of the day is a day old in an hour: ${seconds} s`);
});

async function setUp(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  return { ...catalog, ada };
}
