import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import { Webhook as Verifier } from "standardwebhooks";
import Type from "typebox";
import { receiverCertificate, receiverName } from "./receiver-certificate.ts";
import { auditTrail, eventually } from "./support.ts";
import {
  createApp,
  createWebhook,
  deliveriesOf,
  makeDue,
  ping,
  publishAll,
  startReceiver,
  startWebhooks,
  untilDelivery,
} from "./webhook-receivers.ts";

const failed = { status: "failed" } as const;

// Guards "an event reaches every webhook that asks for it, signed", verified by the standard's own library.
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

test("what fails is tried again with the same id, until it succeeds or has had its attempts", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life, { answer: 500 });
  const webhook = await createWebhook(ada, receiver.url, ["app.*"]);
  startTestDeliverer();
  const delivery = await ping(ada, webhook.id);
  const tried = await untilDelivery(ada, delivery, { status: "pending", response_status: 500, attempts: 1 });
  assert.equal(tried.error, "response_not_2xx");
  assert.ok(tried.next_attempt_at !== null && Date.parse(tried.next_attempt_at) > Date.now());

  receiver.state.answer = 200;
  await makeDue(db);
  await untilDelivery(ada, delivery, {
    status: "succeeded",
    attempts: 2,
    error: null,
    next_attempt_at: null,
  });
  const ids = new Set(receiver.received.map(({ headers }) => headers["webhook-id"]));
  assert.deepEqual([...ids], [delivery.event_id]);

  receiver.state.answer = 404;
  const given = await ping(ada, webhook.id);
  await execute(db, sql`update webhook_deliveries set attempts = 9 where id = ${given.id} and attempts = 0`);
  await eventually(async () => {
    await makeDue(db);
    await untilDelivery(ada, given, failed);
  });
  receiver.state.answer = 200;
  await ada.post(`/v1/webhooks/${webhook.id}/deliveries/${given.id}:redeliver`).expect(202);
  await untilDelivery(ada, given, { status: "succeeded", attempts: 1 });
});

test("Retry-After is waited for, but not longer than the longest pause", async (t) => {
  const { life, ada, startTestDeliverer } = await startWebhooks(t);
  for (const [asked, seconds] of [
    ["600", 600],
    ["99999999", 8 * 3600],
  ] as const) {
    const receiver = await startReceiver(life, {
      answer: (_req, res) => void res.writeHead(503, { "Retry-After": asked }).end(),
    });
    const webhook = await createWebhook(ada, receiver.url, ["app.*"]);
    startTestDeliverer();
    const delivery = await ping(ada, webhook.id);
    const tried = await untilDelivery(ada, delivery, { response_status: 503 });
    const begun = Date.parse(tried.last_attempt_at ?? "");
    const pause = (Date.parse(tried.next_attempt_at ?? "") - begun) / 1000;
    assert.ok(Math.abs(pause - seconds) < 30, `${pause} s`);
  }
});

test("a receiver that answers 410, or fails for days, is disabled with an audit event", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life, { answer: 410 });
  startTestDeliverer();
  const gone = await createWebhook(ada, receiver.url, ["app.*"]);
  await untilDelivery(ada, await ping(ada, gone.id), { status: "failed", attempts: 1 });
  const failing = await createWebhook(ada, receiver.url, ["app.*"]);
  receiver.state.answer = 500;
  const delivery = await ping(ada, failing.id);
  await untilDelivery(ada, delivery, { attempts: 1, error: "response_not_2xx" });
  await execute(
    db,
    sql`update webhooks set failing_since = now() - interval '121 hours' where id = ${failing.id}`,
  );
  await execute(db, sql`update webhook_deliveries set attempts = 9 where id = ${delivery.id}`);
  await makeDue(db);
  await untilDelivery(ada, delivery, failed);

  for (const [{ id }, reason] of [
    [gone, "gone"],
    [failing, "failing"],
  ] as const) {
    const { body } = await ada.get(`/v1/webhooks/${id}`).expect(200);
    const { disabled, disabled_reason } = body as { disabled: boolean; disabled_reason: string };
    assert.deepEqual([disabled, disabled_reason], [true, reason]);
    await ada.post(`/v1/webhooks/${id}:ping`).expect(409);
  }
  const events = (await auditTrail(db)).filter(({ action }) => action === "webhook.disabled");
  assert.deepEqual(
    events.map(({ target_id, actor }) => [target_id, actor.kind]),
    [
      [gone.id, "system"],
      [failing.id, "system"],
    ],
  );
});

// Guards "a slow receiver holds up itself alone".
test("a receiver that does not answer takes no room of the others", async (t) => {
  const { life, db, ada, as, startTestDeliverer } = await startWebhooks(t);
  const bob = await as("bob");
  const held: ServerResponse[] = [];
  const silent = await startReceiver(life, { answer: (_req, res) => void held.push(res) });
  const quick = await startReceiver(life);
  const stuck = await createWebhook(ada, silent.url, ["app.*"]);
  const works = await createWebhook(bob, quick.url, ["app.*"]);
  startTestDeliverer({
    attempt: { timeoutMs: 60_000 },
    limits: { attemptsMax: 6, perWebhookMax: 4, perHostMax: 5 },
  });
  for (let n = 0; n < 12; n++) await ping(ada, stuck.id);
  await eventually(() => assert.equal(silent.received.length, 4));
  for (let n = 0; n < 5; n++) await ping(bob, works.id);
  // The same host, one place of it left: through it goes everything of the other webhook.
  await eventually(() => assert.equal(quick.received.length, 5));
  assert.equal(silent.received.length, 4);
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
  silent.state.answer = 204;
  for (const res of held) res.writeHead(204).end();
});

test("an answer is read up to a bound, a redirect is not followed, and silence ends", async (t) => {
  const { life, ada, startTestDeliverer } = await startWebhooks(t);
  const target = await startReceiver(life);
  const redirecting = await startReceiver(life, {
    answer: (_req, res) => void res.writeHead(307, { Location: target.url }).end(),
  });
  let written = 0;
  const endless = await startReceiver(life, {
    answer: (_req, res) => {
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        while (!res.destroyed && res.write(chunk)) written += chunk.length;
      };
      res.on("drain", more);
      more();
    },
  });
  const silent = await startReceiver(life, { answer: () => {} });
  startTestDeliverer({ attempt: { timeoutMs: 1000 } });
  const pinged = async (url: string) => ping(ada, (await createWebhook(ada, url, ["app.*"])).id);
  await untilDelivery(ada, await pinged(redirecting.url), {
    response_status: 307,
    error: "response_not_2xx",
  });
  assert.deepEqual(target.received, []);
  await untilDelivery(ada, await pinged(endless.url), { status: "succeeded", response_status: 200 });
  assert.ok(written < 50_000_000, `${written} bytes were taken`);
  await untilDelivery(ada, await pinged(silent.url), { error: "timed_out", response_status: null });
});

// Guards "no request into private networks": by name, by one that changes its mind, by a redirect (above).
test("a name that leads into a private network is not connected to, nor one that changes", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const inside = await startReceiver(life, { tls: true });
  const webhook = await createWebhook(ada, `https://${receiverName}:${inside.port}/`, ["app.*"]);
  const answers = [
    ["127.0.0.1"],
    ["93.184.215.14", "169.254.169.254"],
    ["::ffff:127.0.0.1"],
    ["fd00::1"],
    [],
  ];
  let asked = 0;
  const deliverer = startTestDeliverer({
    allowedNetworks: [],
    attempt: { ca: receiverCertificate, resolve: async () => answers[asked++] ?? [] },
  });
  const delivery = await ping(ada, webhook.id);
  for (let attempts = 1; attempts <= answers.length; attempts++) {
    await untilDelivery(ada, delivery, { attempts, error: "address_blocked" });
    await makeDue(db);
  }
  await deliverer.close();
  assert.deepEqual(inside.received, []);
  await ada.delete(`/v1/webhooks/${webhook.id}`).set("If-Match", "*").expect(204);

  // Allowed: the first answer is what is connected to, and the name is asked for once an attempt.
  asked = 0;
  const rebinding = [["127.0.0.1"], ["127.0.0.2"]];
  startTestDeliverer({ attempt: { ca: receiverCertificate, resolve: async () => rebinding[asked++] ?? [] } });
  const again = await ping(ada, (await createWebhook(ada, webhook.url, ["app.*"])).id);
  await untilDelivery(ada, again, { status: "succeeded", response_status: 204 });
});

test("a certificate that nobody vouches for, or of another name, is refused", async (t) => {
  const { life, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life, { tls: true });
  startTestDeliverer();
  const unknown = await createWebhook(ada, `https://localhost:${receiver.port}/`, ["app.*"]);
  await untilDelivery(ada, await ping(ada, unknown.id), { error: "tls_failed" });
  startTestDeliverer({ attempt: { ca: receiverCertificate } });
  await untilDelivery(ada, await ping(ada, unknown.id), { error: "tls_failed" });
  assert.deepEqual(receiver.received, []);
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
