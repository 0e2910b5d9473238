import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { many, sql } from "@mosis/postgres";
import Type from "typebox";
import { assertProblem, auditTrail, startCatalog, withoutRequest } from "./support.ts";

const retention = "/v1/apps/org.mosis.go/retention";

test("an app keeps its events for 180 days, until its developer says otherwise", async (t) => {
  const { ada, db } = await setUp(t);
  const read = await ada.get(retention).expect(200);
  assert.deepEqual(read.body, { telemetry_days: 180 });
  const etag = read.headers["etag"] as string;
  const changed = await ada.patch(retention, { telemetry_days: 7 }).set("If-Match", etag).expect(200);
  assert.deepEqual(changed.body, { telemetry_days: 7 });
  assert.deepEqual((await ada.get(retention)).body, changed.body);
  assertProblem(
    await ada.patch(retention, { telemetry_days: 8 }).set("If-Match", etag),
    "precondition_failed",
  );
  // What changes nothing leaves no event.
  await ada.patch(retention, { telemetry_days: 7 }).set("If-Match", "*").expect(200);

  const events = (await auditTrail(db)).filter(({ action }) => action === "retention.changed");
  assert.deepEqual(
    events.map(({ payload, developer_id }) => [payload, developer_id]),
    [[{ package_id: "org.mosis.go", telemetry_days: 7 }, ada.id]],
  );
  const states = await many(
    db,
    Type.Object({ payload: Type.Object({ telemetry_days: Type.Integer() }) }),
    sql`select payload from outbox where topic = 'catalog.apps' order by position`,
  );
  assert.deepEqual(
    states.map(({ payload }) => payload.telemetry_days),
    [180, 7],
  );
});

test("a retention needs an If-Match, days within bounds, and an app of one's own", async (t) => {
  const { ada, as } = await setUp(t);
  const bob = await as("bob");
  assertProblem(await ada.patch(retention, { telemetry_days: 5 }), "precondition_required");
  for (const body of [
    {},
    { telemetry_days: 0 },
    { telemetry_days: 731 },
    { telemetry_days: "5" },
    { days: 5 },
  ]) {
    assertProblem(await ada.patch(retention, body).set("If-Match", "*"), "invalid_request");
  }
  const foreign = await bob.get(retention);
  assertProblem(foreign, "not_found");
  const missing = await bob.get("/v1/apps/org.mosis.none/retention");
  assert.deepEqual(withoutRequest(missing), withoutRequest(foreign));
  assertProblem(await bob.patch(retention, { telemetry_days: 5 }).set("If-Match", "*"), "not_found");
});

async function setUp(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  return { ...catalog, ada };
}
