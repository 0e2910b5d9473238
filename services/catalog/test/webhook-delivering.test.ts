import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import { Webhook as Verifier } from "standardwebhooks";
import Type from "typebox";
import { eventually } from "./support.ts";
import {
  createApp,
  createWebhook,
  deliveriesOf,
  ping,
  publishAll,
  startReceiver,
  startWebhooks,
} from "./webhook-receivers.ts";

// Guards "an event reaches every webhook that asks for it, signed", verified by the standard's own library.
// INVARIANT 33
test("events arrive signed as Standard Webhooks has it, at the webhooks that ask for them", async (t) => {
  const { life, db, ada, as, startTestDeliverer } = await startWebhooks(t);
  const bob = await as("bob");
  const [all, apps, others] = [
    await startReceiver(life),
    await startReceiver(life),
    await startReceiver(life),
  ];
  const webhook = await createWebhook(ada, all.url);
  await createWebhook(ada, apps.url, ["app.*", "key.created"]);
  await createWebhook(bob, others.url, ["app.*"]);
  startTestDeliverer();
  await createApp(ada, "go");
  await publishAll(db);

  await eventually(() => assert.ok(all.received.length >= 2 && apps.received.length === 1));
  const [got] = apps.received;
  assert.equal(got?.payload.type, "app.created");
  assert.equal(got.payload.data.resource["package_id"], "org.mosis.go");
  for (const { body, headers, payload } of all.received) {
    assert.deepEqual(new Verifier(webhook.secret).verify(body, headers), payload);
    assert.throws(() => new Verifier(webhook.secret).verify(`${body} `, headers));
    assert.equal(headers["webhook-id"], payload.data.event_id);
  }
  assert.deepEqual(others.received, []);
  await eventually(async () => {
    const deliveries = await deliveriesOf(ada, webhook.id);
    assert.ok(deliveries.every(({ status, attempts }) => status === "succeeded" && attempts === 1));
  });
});

test("a rotated secret signs, and so does the one before, for a day", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life);
  const { id, secret: first } = await createWebhook(ada, receiver.url, ["app.*"]);
  const rotated = await ada.post(`/v1/webhooks/${id}:rotate-secret`).set("If-Match", "*").expect(200);
  const { secret: second } = rotated.body as { secret: string };
  startTestDeliverer();
  await ping(ada, id);
  await eventually(() => assert.equal(receiver.received.length, 1));
  const [both] = receiver.received;
  assert.ok(both && second !== first);
  for (const secret of [first, second]) new Verifier(secret).verify(both.body, both.headers);

  await execute(db, sql`update webhooks set previous_secret_until = now()`);
  await ping(ada, id);
  await eventually(() => assert.equal(receiver.received.length, 2));
  const after = receiver.received[1];
  assert.ok(after);
  new Verifier(second).verify(after.body, after.headers);
  assert.throws(() => new Verifier(first).verify(after.body, after.headers));
});

// Guards "a slow receiver holds up itself alone".
// INVARIANT 34
test("a receiver that does not answer takes no room of the others", async (t) => {
  const { life, db, ada, as, startTestDeliverer } = await startWebhooks(t);
  const bob = await as("bob");
  const held: ServerResponse[] = [];
  const silent = await startReceiver(life);
  const quick = await startReceiver(life);
  const stuck = await createWebhook(ada, silent.url, ["app.*"]);
  const works = await createWebhook(bob, quick.url, ["app.*"]);
  startTestDeliverer({
    attempt: { timeoutMs: 60_000 },
    // The share of a developer is not what is looked at here.
    limits: { attemptsMax: 6, perWebhookMax: 4, perHostMax: 5, shareOfFreeMax: 2 },
  });
  // One that nobody knows yet has a single attempt at a time.
  await ping(ada, stuck.id);
  await eventually(() => assert.equal(silent.received.length, 1));
  silent.state.answer = (_req, res) => void held.push(res);
  for (let n = 0; n < 12; n++) await ping(ada, stuck.id);
  await eventually(() => assert.equal(silent.received.length, 5));
  for (let n = 0; n < 5; n++) await ping(bob, works.id);
  // The same host, one place of it left: through it goes everything of the other webhook.
  await eventually(() => assert.equal(quick.received.length, 5));
  assert.equal(silent.received.length, 5);
  // What was received is told a moment later. Of the silent one, four are tried and the others wait.
  await eventually(async () => {
    const rows = await many(
      db,
      Type.Object({ n: Type.Integer() }),
      sql`
        select count(*) as n from webhook_deliveries where status = 'pending'
        group by attempts order by attempts`,
    );
    assert.deepEqual(
      rows.map(({ n }) => n),
      [8, 4],
    );
  });
  silent.state.answer = 204;
  for (const res of held) res.writeHead(204).end();
});

test("of two that deliver, each event is sent by one", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life);
  await createWebhook(ada, receiver.url, ["app.*"]);
  for (let n = 0; n < 60; n++) await createApp(ada, `app${n}`);
  startTestDeliverer();
  startTestDeliverer();
  await publishAll(db);
  await eventually(() => assert.ok(receiver.received.length >= 60));
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  assert.equal(new Set(ids).size, 60);
  assert.equal(ids.length, 60);
});

test("what has ended is kept for 14 days, and what waits for as long as it waits", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life);
  const webhook = await createWebhook(ada, receiver.url, ["app.*"]);
  const rows = [
    ["old", "succeeded", 15],
    ["young", "succeeded", 13],
    ["waiting", "pending", 15],
  ] as const;
  for (const [type, status, days] of rows) {
    const id = createHash("md5").update(type).digest("hex");
    await execute(
      db,
      sql`
        insert into webhook_deliveries
          (id, developer_id, webhook_id, event_id, type, event, status, next_attempt_at, created_at)
        values (${id}, ${ada.id}, ${webhook.id}, ${id}, ${type}, '{}', ${status},
                case when ${status} = 'pending' then now() + interval '1 hour' end,
                now() - make_interval(days => ${days}))`,
    );
  }
  startTestDeliverer();
  await eventually(async () => {
    const left = await deliveriesOf(ada, webhook.id);
    assert.deepEqual(
      left.map(({ type }) => type),
      ["young", "waiting"],
    );
  });
});
