import assert from "node:assert/strict";
import { test } from "node:test";
import type { Webhook, WebhookWithSecret } from "@mosis/types/webhooks";
import { assertProblem, auditTrail, everythingStored, startCatalog, withoutRequest } from "./support.ts";
import { createWebhook, deliveriesOf, ping, publishAll } from "./webhook-receivers.ts";

const path = "/v1/webhooks";
const url = "https://hooks.example.org/in/token-of-the-path?key=1";
const missing = "0198c0de-0000-7000-8000-000000000000";

// INVARIANT 54
test("a webhook is as later answers show it, and its secret is told once", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const asked = { url, event_types: ["version.*", "app.created"], description: "CI" };
  const created = await ada.post(path, asked).expect(201);
  const { secret, ...webhook } = created.body as WebhookWithSecret;
  assert.match(secret, /^whsec_/);
  const { id, created_at, updated_at, ...rest } = webhook;
  assert.deepEqual(rest, {
    ...asked,
    disabled: false,
    disabled_at: null,
    disabled_reason: null,
    failing_since: null,
    quarantined_at: null,
    previous_secret_until: null,
    allowed_actions: ["ping", "rotate_secret"],
  });
  assert.equal(created.headers["location"], `${path}/${id}`);
  assert.equal(created_at, updated_at);
  const read = await ada.get(`${path}/${id}`).expect(200);
  assert.deepEqual(read.body, webhook);
  assert.equal(read.headers["etag"], created.headers["etag"]);
  const list = await ada.get(path).expect(200);
  assert.deepEqual(list.body, { data: [webhook], page: { next_cursor: null, has_more: false } });

  const rotated = await ada.post(`${path}/${id}:rotate-secret`).set("If-Match", "*").expect(200);
  const second = (rotated.body as WebhookWithSecret).secret;
  const stored = await everythingStored(db);
  for (const told of [secret, second]) {
    assert.ok(!stored.includes(told) && !stored.includes(told.slice("whsec_".length)));
    const bytes = Buffer.from(told.slice("whsec_".length), "base64");
    assert.ok(!stored.includes(bytes.toString("hex")) && !stored.includes(bytes.toString("base64")));
  }
  const events = (await auditTrail(db)).filter(({ target_type }) => target_type === "webhook");
  assert.deepEqual(
    events.map(({ action, target_id, payload }) => [action, target_id, payload["url"]]),
    [
      ["webhook.created", id, "https://hooks.example.org"],
      ["webhook.secret_rotated", id, "https://hooks.example.org"],
    ],
  );
});

test("a change needs the state that was seen, and says what is wrong with it", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { id } = await createWebhook(ada, url);
  const one = `${path}/${id}`;
  const first = await ada.get(one).expect(200);
  const tag = first.headers["etag"] as string;
  assertProblem(await ada.patch(one, { disabled: true }), "precondition_required");
  const off = await ada.patch(one, { disabled: true }).set("If-Match", tag).expect(200);
  const disabled = off.body as Webhook;
  assert.deepEqual(
    [disabled.disabled, disabled.disabled_reason, disabled.allowed_actions],
    [true, "by_developer", ["rotate_secret"]],
  );
  assertProblem(await ada.patch(one, { disabled: false }).set("If-Match", tag), "precondition_failed");
  assertProblem(await ada.delete(one).set("If-Match", tag), "precondition_failed");
  assertProblem(await ada.post(`${one}:rotate-secret`).set("If-Match", tag), "precondition_failed");
  assertProblem(await ada.post(`${one}:ping`), "state_conflict");
  await ada.patch(one, { disabled: false, url: "https://b.example.org" }).set("If-Match", "*").expect(200);
  const wrong = [
    { url: "http://example.org/" },
    { url: "https://user:pass@example.org/" },
    { url: "https://[::1]/" },
    { event_types: [] },
    { event_types: ["*.created"] },
    { event_types: ["App.created"] },
    { event_types: ["app.*", "app.*"] },
    { description: "a\u0000b" },
    { unknown: 1 },
    {},
  ];
  // Plain http is for where an operator allows networks; elsewhere it is refused.
  const { as: asStrict } = await startCatalog(t, {
    webhooks: { secretKeys: [Buffer.alloc(32, 1)], allowedTargets: [] },
  });
  const bob = await asStrict("bob");
  for (const body of wrong) {
    if (Object.keys(body).length > 0) {
      assertProblem(await bob.post(path, { url, event_types: ["*"], ...body }), "invalid_request");
    }
    assertProblem(await bob.patch(`${path}/${missing}`, body).set("If-Match", "*"), "invalid_request");
  }
  await ada.delete(one).set("If-Match", "*").expect(204);
  assertProblem(await ada.get(one), "not_found");
  const actions = (await auditTrail(db)).map(({ action }) => action).filter((a) => a.startsWith("webhook."));
  assert.deepEqual(actions, ["webhook.created", "webhook.updated", "webhook.updated", "webhook.deleted"]);
});

test("webhooks and deliveries of somebody else are missing, byte for byte", async (t) => {
  const { as } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { id } = await createWebhook(ada, url);
  const { id: delivery } = await ping(ada, id);
  const { id: own } = await createWebhook(bob, url);
  const foreign = [
    [`${path}/${id}`, `${path}/${missing}`],
    [`${path}/${id}/deliveries`, `${path}/${missing}/deliveries`],
    [`${path}/${id}/deliveries/${delivery}`, `${path}/${missing}/deliveries/${missing}`],
    [`${path}/${own}/deliveries/${delivery}`, `${path}/${own}/deliveries/${missing}`],
    [`${path}/${id}`, `${path}/rubbish`],
  ] as const;
  for (const [theirs, none] of foreign) {
    assert.deepEqual(withoutRequest(await bob.get(theirs)), withoutRequest(await bob.get(none)));
  }
  for (const action of [`${id}:ping`, `${id}:rotate-secret`, `${id}/deliveries/${delivery}:redeliver`]) {
    assertProblem(await bob.post(`${path}/${action}`).set("If-Match", "*"), "not_found");
  }
  for (const answer of [bob.patch(`${path}/${id}`, { disabled: true }), bob.delete(`${path}/${id}`)]) {
    assertProblem(await answer.set("If-Match", "*"), "not_found");
  }
  assert.equal((await ada.get(`${path}/${id}`).expect(200)).body.disabled, false);
});

test("a key needs the permission, and one for listed apps sees no webhook", async (t) => {
  const { as, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const keyOf = async (more: object) => {
    const { body } = await ada.post("/v1/keys", { name: "k", kind: "management", ...more }).expect(201);
    return withBearer((body as { secret: string }).secret);
  };
  const reads = await keyOf({ permissions: ["webhooks:read"] });
  const writes = await keyOf({ permissions: ["webhooks:write"] });
  const listed = await keyOf({ package_ids: ["org.mosis.go"] });
  const { id } = await createWebhook(writes, url);
  await reads.get(`${path}/${id}`).expect(200);
  assertProblem(await reads.post(`${path}/${id}:ping`), "permission_missing");
  assertProblem(await writes.get(`${path}/${id}`), "permission_missing");
  assertProblem(await listed.get(path), "permission_missing");
  assertProblem(await listed.post(path, { url, event_types: ["*"] }), "permission_missing");
});

// Guards "made once, whenever the relay is killed": the statement that forgets a row makes its deliveries.
// INVARIANT 33
test("an event becomes one delivery for each webhook that asks for it, and none for others", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const everything = await createWebhook(ada, url);
  const keys = await createWebhook(ada, url, ["key.*"]);
  const off = await createWebhook(ada, url);
  await ada.patch(`${path}/${off.id}`, { disabled: true }).set("If-Match", "*").expect(200);
  const theirs = await createWebhook(bob, url);
  await publishAll(db);
  await ada.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const trail = await auditTrail(db);
  await publishAll(db);
  await publishAll(db);
  const typesOf = async (caller: typeof ada, id: string) =>
    (await deliveriesOf(caller, id)).map(({ type }) => type).filter((type) => !type.startsWith("webhook."));
  assert.deepEqual((await typesOf(ada, everything.id)).slice(0, 2).toSorted(), [
    "app.created",
    "key.created",
  ]);
  assert.deepEqual(await typesOf(ada, keys.id), ["key.created"]);
  assert.deepEqual(await typesOf(ada, off.id), []);
  assert.ok(!(await typesOf(bob, theirs.id)).some((type) => /^(app|key)/.test(type)));

  const [delivery] = await deliveriesOf(ada, keys.id);
  const { body } = await ada.get(`${path}/${keys.id}/deliveries/${delivery?.id}`).expect(200);
  const event = trail.find(({ action }) => action === "key.created");
  const { event_id, actor, target_type, target_id, request_id, payload } = event ?? assert.fail("no event");
  assert.deepEqual((body as { payload: unknown }).payload, {
    type: "key.created",
    timestamp: event?.occurred_at,
    data: { event_id, actor, target_type, target_id, request_id, resource: payload },
  });
  assertProblem(await ada.post(`${path}/${keys.id}/deliveries/${delivery?.id}:redeliver`), "state_conflict");
});

test("deliveries are read page by page, and a developer has 20 webhooks at most", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const { id } = await createWebhook(ada, url);
  const pinged: string[] = [];
  for (let n = 0; n < 5; n++) pinged.unshift((await ping(ada, id)).id);
  const seen: string[] = [];
  let cursor = "";
  do {
    const { body } = await ada.get(`${path}/${id}/deliveries?limit=2${cursor}`).expect(200);
    const page = body as { data: { id: string }[]; page: { next_cursor: string | null } };
    seen.push(...page.data.map((delivery) => delivery.id));
    cursor = page.page.next_cursor === null ? "" : `&cursor=${page.page.next_cursor}`;
  } while (cursor !== "");
  assert.deepEqual(seen, pinged);
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => ada.post(path, { url, event_types: ["*"] })),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 19);
  assert.equal(answers.filter(({ status }) => status === 409).length, 6);
});
