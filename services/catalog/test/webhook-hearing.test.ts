import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyWithSecret } from "@mosis/types/keys";
import { changeKey } from "./keys-support.ts";
import { assertProblem, type Caller, eventually } from "./support.ts";
import {
  createApp,
  createWebhook,
  deliveriesOf,
  publishAll,
  startReceiver,
  startWebhooks,
  untilDelivery,
} from "./webhook-receivers.ts";

// A webhook hears what whoever has set it may read: webhooks:write is no way to an e-mail address.

const path = "/v1/webhooks";
const url = "https://hooks.example.org/in";

async function start(t: Parameters<typeof startWebhooks>[0]) {
  const catalog = await startWebhooks(t);
  const { ada, db } = catalog;
  const keyWith = async (...permissions: string[]) => {
    const asked = { name: "k", kind: "management", permissions: ["webhooks:write", ...permissions] };
    const { id, secret } = (await ada.post("/v1/keys", asked).expect(201)).body as KeyWithSecret;
    return { id, key: catalog.withBearer(secret) };
  };
  const rename = (name: string) => ada.patch("/v1/developers/me", { name }).set("If-Match", "*").expect(200);
  let turns = 0;
  /** What a webhook hears of one change of an app, of the developer, and of a session. */
  const heard = async (id: string) => {
    await publishAll(db);
    const before = new Set((await deliveriesOf(ada, id)).map((delivery) => delivery.id));
    await createApp(ada, `app${++turns}`);
    await rename(`Ada ${turns}`);
    const { email, password } = ada;
    await catalog.anyone.post("/v1/sessions", { email, password }).expect(201);
    await publishAll(db);
    const made = (await deliveriesOf(ada, id)).filter((delivery) => !before.has(delivery.id));
    return made.map(({ type }) => type).toSorted();
  };
  return { ...catalog, keyWith, rename, heard };
}

// INVARIANT 73
test("a key sets no webhook that hears what the key may not read", async (t) => {
  const { ada, keyWith } = await start(t);
  const { key } = await keyWith("apps:read");
  const types = { "developer.*": "account:read", "developer.changed": "account:read" };
  const others = { "session.*": "audit:read", "constructor.*": "audit:read", "key.created": "keys:read" };
  const own = await createWebhook(key, url, ["app.*", "telemetry_limits.changed"]);
  for (const [type, permission] of Object.entries({ ...types, ...others })) {
    const asked = { url, event_types: ["app.*", type] };
    const problem = assertProblem(await key.post(path, asked), "permission_missing");
    assert.match(problem.detail ?? "", new RegExp(`${type.replace("*", "\\*")} \\(${permission}\\)`));
    const change = { event_types: [type] };
    const changed = key.patch(`${path}/${own.id}`, change).set("If-Match", "*");
    assertProblem(await changed, "permission_missing");
  }
  // Nor does it point elsewhere what somebody else has asked for.
  const theirs = await createWebhook(ada, url, ["developer.*"]);
  const away = { url: "https://elsewhere.example.org/" };
  const pointed = key.patch(`${path}/${theirs.id}`, away).set("If-Match", "*");
  assertProblem(await pointed, "permission_missing");
  await key.patch(`${path}/${theirs.id}`, { description: "CI" }).set("If-Match", "*").expect(200);
  await key.patch(`${path}/${own.id}`, away).set("If-Match", "*").expect(200);
});

// INVARIANT 73
test("everything, for a key's webhook, is what the key may read", async (t) => {
  const { ada, keyWith, heard } = await start(t);
  const webhookOf = async (...permissions: string[]) =>
    (await createWebhook((await keyWith(...permissions)).key, url)).id;
  assert.deepEqual(await heard(await webhookOf()), []);
  const apps = await webhookOf("apps:read");
  assert.deepEqual(await heard(apps), ["app.created"]);
  assert.deepEqual(await heard(await webhookOf("account:read")), ["developer.changed"]);
  const all = ["app.created", "developer.changed", "session.created"];
  assert.deepEqual(await heard(await webhookOf("audit:read")), all);
  const own = await createWebhook(ada, url);
  assert.deepEqual(await heard(own.id), all);

  // A key that points it elsewhere takes only its own share along; who has signed in sets it for everything.
  const { key } = await keyWith("apps:read");
  const set = (by: Caller, id: string, change: object) =>
    by.patch(`${path}/${id}`, change).set("If-Match", "*").expect(200);
  await set(key, own.id, { url: "https://elsewhere.example.org/" });
  assert.deepEqual(await heard(own.id), ["app.created"]);
  await set(ada, apps, { description: "CI" });
  assert.deepEqual(await heard(apps), ["app.created"]);
  await set(ada, apps, { event_types: ["*"] });
  assert.deepEqual(await heard(apps), all);
});

// INVARIANT 73
test("what a key loses its webhooks lose, also of what waits and of what was sent", async (t) => {
  const { ada, db, life, keyWith, rename, startTestDeliverer } = await start(t);
  const receiver = await startReceiver(life, { answer: 500 });
  const { id: keyId, key } = await keyWith("account:read", "apps:read", "webhooks:read");
  const { id } = await createWebhook(key, receiver.url);
  await publishAll(db);
  await rename("Augusta");
  await publishAll(db);
  const found = await deliveriesOf(ada, id);
  const waiting = found.find(({ type }) => type === "developer.changed") ?? assert.fail("no delivery");
  const one = `${path}/${id}/deliveries/${waiting.id}`;
  await key.get(one).expect(200);

  const left = ["webhooks:write", "apps:read", "webhooks:read"];
  await changeKey(ada, keyId, { permissions: left }).expect(200);
  receiver.state.answer = 204;
  startTestDeliverer();
  await createApp(ada, "go");
  await rename("Ada");
  await publishAll(db);
  await eventually(() => assert.ok(receiver.received.some(({ payload }) => payload.type === "app.created")));
  await untilDelivery(ada, waiting, { status: "failed", error: "permission_missing" });
  await eventually(async () => assertProblem(await key.get(one), "permission_missing"));
  // What the key may do again, its webhook hears when it is set again.
  await changeKey(ada, keyId, { permissions: [...left, "account:read"] }).expect(200);
  await rename("Augusta Ada");
  await publishAll(db);
  await ada.post(`${one}:redeliver`).expect(202);
  await untilDelivery(ada, waiting, { status: "failed", error: "permission_missing" });
  const types = new Set(receiver.received.map(({ payload }) => payload.type));
  assert.ok(![...types].some((type) => type.startsWith("developer.")), [...types].join());
});
