import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, one, sql } from "@mosis/postgres";
import { createMetrics } from "@mosis/runtime";
import type { TelemetryLimits } from "@mosis/types/telemetry-limits";
import Type from "typebox";
import { startAccountSweep } from "../src/accounts/deletion/sweep.ts";
import { startWithMailbox } from "./mailbox.ts";
import { assertProblem, auditTrail, eventually, log, startCatalog } from "./support.ts";

const limitsPath = "/v1/apps/org.eve.app/telemetry-limits";
const State = Type.Object({ events: Type.Integer() });

test("an account whose address is not confirmed has few keys and webhooks", async (t) => {
  const { as, db } = await startCatalog(t);
  const eve = await as("eve");
  await execute(db, sql`update developers set verified = false`);
  const key = () => eve.post("/v1/keys", { name: "k", kind: "ingest" });
  const keys = await Promise.all(Array.from({ length: 25 }, key));
  assert.equal(keys.filter(({ status }) => status === 201).length, 20);
  const webhook = (n: number) =>
    eve.post("/v1/webhooks", { url: `https://ci.example.org/${n}`, event_types: ["*"] });
  const webhooks = await Promise.all([1, 2, 3, 4, 5].map(webhook));
  assert.equal(webhooks.filter(({ status }) => status === 201).length, 3);
  for (const answer of [...keys, ...webhooks]) {
    if (answer.status !== 201) assertProblem(answer, "email_unverified");
  }
  await execute(db, sql`update developers set verified = true`);
  await key().expect(201);
  await webhook(6).expect(201);
});

test("apps of an account send little until its address is confirmed, and ingest is told then", async (t) => {
  const { anyone, withBearer, mailbox, db } = await startWithMailbox(t);
  const eve = { email: "eve@mosis.test", password: "correct horse battery" };
  await anyone.post("/v1/developers", { ...eve, name: "Eve" }).expect(201);
  const session = await anyone.post("/v1/sessions", eve).expect(201);
  const caller = withBearer((session.body as { token: string }).token);
  await caller.post("/v1/apps", { package_id: "org.eve.app", name: "App" }).expect(201);
  const limits = async () => (await caller.get(limitsPath).expect(200)).body as TelemetryLimits;
  const told = async () =>
    (
      await one(
        db,
        State,
        sql`
          select (payload ->> 'telemetry_events_per_day')::int as events from outbox
          where topic = 'catalog.apps' order by position desc limit 1`,
      )
    ).events;
  assert.deepEqual([(await limits()).telemetry_events_per_day, await told()], [100_000, 100_000]);
  // Another limit leaves this one as it is stored, and asking for more gives no more.
  for (const change of [{ telemetry_events_per_second: 10 }, { telemetry_events_per_day: 20_000_000 }]) {
    await caller.patch(limitsPath, change).set("If-Match", "*").expect(200);
    assert.deepEqual([(await limits()).telemetry_events_per_day, await told()], [100_000, 100_000]);
  }
  const token = await mailbox.token(eve.email, /Confirm your e-mail/);
  await anyone.post("/v1/developers:verify-email", { token, password: eve.password }).expect(204);
  assert.deepEqual([(await limits()).telemetry_events_per_day, await told()], [20_000_000, 20_000_000]);
});

test("an account that nobody confirms in time goes with drafts and keys, and no other does", async (t) => {
  const { as, anyone, withBearer, db, apiDb, life } = await startCatalog(t);
  const [eve, ada, bob, rev] = [await as("eve"), await as("ada"), await as("bob"), await as("rev")];
  await eve.post("/v1/apps", { package_id: "org.eve.app", name: "App" }).expect(201);
  const key = await eve.post("/v1/keys", { name: "k", kind: "ingest" }).expect(201);
  await execute(
    db,
    sql`
      update developers
      set verified = id in (${ada.id}), role = case when id = ${rev.id} then 'reviewer' else role end,
          created_at = now() - case when id = ${bob.id} then interval '29 days' else interval '31 days' end`,
  );
  const sweep = startAccountSweep({
    db: apiDb,
    days: 30,
    intervalMs: 20,
    log,
    metrics: createMetrics({ service: "test" }),
  });
  life.own("sweep", sweep, (it) => it.close());
  await eventually(async () => {
    const left = await many(db, Type.Object({ name: Type.String() }), sql`select name from developers`);
    assert.deepEqual(left.map(({ name }) => name).toSorted(), ["ada", "bob", "rev"]);
  });
  await eventually(async () => assertProblem(await eve.get("/v1/apps"), "credentials_invalid"));
  const { id, secret } = key.body as { id: string; secret: string };
  await eventually(async () =>
    assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid"),
  );
  const tombstones = await execute(db, sql`select from outbox where record_key = ${id} and payload is null`);
  assert.equal(tombstones, 1, "ingest is told that the key is gone");
  const last = (await auditTrail(db)).at(-1);
  assert.deepEqual([last?.action, last?.actor.kind], ["developer.deleted", "system"]);
  // What it had is free again.
  await ada.post("/v1/apps", { package_id: "org.eve.app", name: "App" }).expect(201);
  await anyone.post("/v1/developers", { email: eve.email, name: "E", password: eve.password }).expect(201);
});
