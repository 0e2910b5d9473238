import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { many, type Pool, sql } from "@mosis/postgres";
import { telemetryLimitDefaults } from "@mosis/types/telemetry-limits";
import Type from "typebox";
import { grantRole } from "../src/admin/changes.ts";
import { promote } from "./promote.ts";
import {
  assertProblem,
  auditTrail,
  type Caller,
  eventually,
  startCatalog,
  withoutRequest,
} from "./support.ts";

const limits = "/v1/apps/org.mosis.go/telemetry-limits";
const perDay = telemetryLimitDefaults.telemetry_events_per_day;
const any = ["If-Match", "*"] as const;

test("an app has the default limits, and its developer lowers them and takes them back", async (t) => {
  const { ada, db } = await setUp(t);
  const read = await ada.get(limits).expect(200);
  assert.deepEqual(read.body, telemetryLimitDefaults);
  const etag = read.headers["etag"] as string;
  const low = { telemetry_events_per_day: 1000 };
  const changed = await ada.patch(limits, low).set("If-Match", etag).expect(200);
  assert.deepEqual(changed.body, { ...telemetryLimitDefaults, ...low });
  assert.notEqual(changed.headers["etag"], etag);
  assert.deepEqual((await ada.get(limits)).body, changed.body);
  assertProblem(await ada.patch(limits, low).set("If-Match", etag), "precondition_failed");
  await ada
    .patch(limits, { telemetry_events_per_day: perDay })
    .set(...any)
    .expect(200);

  const events = (await auditTrail(db)).filter(({ action }) => action === "telemetry_limits.changed");
  assert.deepEqual(
    events.map(({ payload, developer_id }) => [payload["telemetry_events_per_day"], developer_id]),
    [1000, perDay].map((value) => [value, ada.id]),
  );
  const states = await many(
    db,
    Type.Object({ payload: Type.Object({ telemetry_events_per_day: Type.Integer() }) }),
    sql`select payload from outbox where topic = 'catalog.apps' order by position`,
  );
  assert.deepEqual(
    states.map(({ payload }) => payload.telemetry_events_per_day),
    [perDay, 1000, perDay],
  );
});

test("a change that changes nothing is none", async (t) => {
  const { ada, db } = await setUp(t);
  const before = (await auditTrail(db)).length;
  await ada
    .patch(limits, { telemetry_events_per_day: perDay })
    .set(...any)
    .expect(200);
  assert.equal((await auditTrail(db)).length, before);
});

// INVARIANT 45
test("only an admin who has signed in raises a limit over the default", async (t) => {
  const { ada, db, as, withBearer } = await setUp(t);
  const more = { telemetry_events_per_day: perDay + 1, telemetry_events_per_second: 1 };
  const refused = assertProblem(await ada.patch(limits, more).set(...any), "permission_missing");
  assert.deepEqual(
    refused.errors?.map(({ pointer }) => pointer),
    ["/telemetry_events_per_day"],
  );
  assert.deepEqual((await ada.get(limits)).body, telemetryLimitDefaults);

  const eve = await as("eve");
  assertProblem(await eve.patch(limits, more).set(...any), "not_found");
  await promote(db, { role: "admin", email: eve.email });
  const key = await eve.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
  const keyOfAdmin = withBearer((key.body as { secret: string }).secret);
  assertProblem(await keyOfAdmin.patch(limits, more).set(...any), "not_found");
  // A role that was granted on the servers is seen by the API a moment later.
  await eventually(() =>
    eve
      .patch(limits, more)
      .set(...any)
      .expect(200),
  );
  assert.deepEqual((await ada.get(limits)).body, more);
  const event = (await auditTrail(db)).at(-1);
  assert.equal(event?.developer_id, ada.id, "it is in the trail of whose app it is");
  assert.equal(event?.actor.kind, "session");

  // What an admin allows, the developer may lower, but not have back.
  const lower = { telemetry_events_per_day: perDay };
  await ada
    .patch(limits, lower)
    .set(...any)
    .expect(200);
  assertProblem(await ada.patch(limits, more).set(...any), "permission_missing");
  await grantRole(db, { role: "developer", email: eve.email });
  await eventually(async () => assertProblem(await eve.get(limits), "not_found"));
});

test("of two who change what they have both read, the second is told", async (t) => {
  const { ada } = await setUp(t);
  const etag = (await ada.get(limits)).headers["etag"] as string;
  const answers = await Promise.all(
    [1, 2, 3, 4].map((n) => ada.patch(limits, { telemetry_events_per_day: n }).set("If-Match", etag)),
  );
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 412, 412, 412],
  );
});

test("a change needs an If-Match, a right body, and an app of one's own", async (t) => {
  const { ada, as } = await setUp(t);
  const bob = await as("bob");
  assertProblem(await ada.patch(limits, { telemetry_events_per_day: 5 }), "precondition_required");
  const wrong = [
    {},
    { telemetry_events_per_day: 0 },
    { telemetry_events_per_day: 1.5 },
    { telemetry_events_per_day: "5" },
    { telemetry_events_per_second: 10_000_001 },
    { telemetry_events_per_hour: 5 },
  ];
  for (const body of wrong) assertProblem(await ada.patch(limits, body).set(...any), "invalid_request");
  const foreign = await bob.get(limits);
  assertProblem(foreign, "not_found");
  const missing = await bob.get("/v1/apps/org.mosis.none/telemetry-limits");
  assert.deepEqual(withoutRequest(missing), withoutRequest(foreign));
  assertProblem(await bob.patch(limits, { telemetry_events_per_day: 5 }).set(...any), "not_found");
});

test("a key with a limit makes no key with a higher one", async (t) => {
  const { ada, withBearer } = await setUp(t);
  const make = (by: Caller, asked: object) =>
    by.post("/v1/keys", { name: "k", kind: "management", ...asked });
  const limited = await make(ada, { telemetry_events_per_second: 10 }).expect(201);
  const key = withBearer((limited.body as { secret: string }).secret);
  await make(key, { telemetry_events_per_second: 10 }).expect(201);
  for (const asked of [{}, { telemetry_events_per_second: 11 }]) {
    assertProblem(await make(key, asked), "permission_missing");
  }
  assertProblem(await make(ada, { telemetry_events_per_second: 0 }), "invalid_request");
});

// INVARIANT 45
test("the command grants a role to an address in any case, and leaves an event of an operator", async (t) => {
  const { ada, db, databaseUrl } = await setUp(t);
  await admin(databaseUrl, "grant-role", "admin", ada.email.toUpperCase());
  assert.equal(((await ada.get("/v1/developers/me")).body as { role: string }).role, "admin");
  const granted = () => roleEvents(db);
  const [event, ...others] = await granted();
  assert.deepEqual(
    [event?.actor, event?.payload["role"], others],
    [{ kind: "operator", id: "" }, "admin", []],
  );
  await admin(databaseUrl, "grant-role", "admin", ada.email);
  assert.equal((await granted()).length, 1, "what is so already is no change");
  for (const wrong of [
    ["grant-role", "admin", "nobody@mosis.test"],
    ["grant-role", "king", ada.email],
    ["grant-role", "admin"],
    [],
  ]) {
    await assert.rejects(admin(databaseUrl, ...wrong), (error: { code: number }) => error.code === 1);
  }
});

async function roleEvents(db: Pool) {
  return (await auditTrail(db)).filter(({ action }) => action === "developer.role_granted");
}

async function admin(databaseUrl: string, ...args: string[]): Promise<void> {
  const main = join(import.meta.dirname, "../src/main/admin.ts");
  await promisify(execFile)(process.execPath, [main, ...args], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    timeout: 20_000,
  });
}

async function setUp(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  return { ...catalog, ada };
}
