import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import type { Webhook } from "@mosis/types/webhooks";
import { auditTrail, eventually } from "./support.ts";
import {
  createWebhook,
  makeDue,
  ping,
  startReceiver,
  startWebhooks,
  untilDelivery,
} from "./webhook-receivers.ts";

const failed = { status: "failed" } as const;

// INVARIANT 33
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
  await untilDelivery(ada, given, { attempts: 1, response_status: 404 });
  await execute(db, sql`update webhook_deliveries set attempts = 9 where id = ${given.id}`);
  await makeDue(db);
  await untilDelivery(ada, given, failed);
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

test("a webhook's ETag is not changed by its deliveries, nor by a change to what it is", async (t) => {
  const { life, db, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life, { answer: 500 });
  const asked = { url: receiver.url, event_types: ["app.*"], description: "CI" };
  const created = await ada.post("/v1/webhooks", asked).expect(201);
  const { id } = created.body as Webhook;
  const one = `/v1/webhooks/${id}`;
  const tag = created.headers["etag"] as string;
  startTestDeliverer();
  await ping(ada, id);
  const read = await eventually(async () => {
    const answer = await ada.get(one).expect(200);
    assert.notEqual((answer.body as Webhook).failing_since, null);
    return answer;
  });
  assert.equal(read.headers["etag"], tag);

  const same = await ada
    .patch(one, { ...asked, disabled: false })
    .set("If-Match", tag)
    .expect(200);
  assert.deepEqual([same.headers["etag"], same.body], [tag, read.body]);
  const changed = await ada.patch(one, { description: "" }).set("If-Match", tag).expect(200);
  assert.notEqual(changed.headers["etag"], tag);
  const actions = (await auditTrail(db)).map(({ action }) => action).filter((a) => a.startsWith("webhook."));
  assert.deepEqual(actions, ["webhook.created", "webhook.updated"]);
});
