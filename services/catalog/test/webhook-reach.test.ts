import assert from "node:assert/strict";
import { test } from "node:test";
import { receiverCertificate, receiverName } from "./receiver-certificate.ts";
import { assertProblem } from "./support.ts";
import {
  createWebhook,
  makeDue,
  ping,
  receiverOptions,
  startReceiver,
  startWebhooks,
  untilDelivery,
} from "./webhook-receivers.ts";

// INVARIANT 53
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

// Guards "a slow receiver holds up itself alone".
// INVARIANT 34
test("a receiver that switches protocols has answered, and the next event goes on", async (t) => {
  const { life, ada, startTestDeliverer } = await startWebhooks(t);
  const receiver = await startReceiver(life, {
    answer: (_req, res) => res.writeHead(101, { Connection: "Upgrade", Upgrade: "websocket" }).flushHeaders(),
  });
  startTestDeliverer({ limits: { attemptsMax: 1, perWebhookMax: 1 } });
  const { id } = await createWebhook(ada, receiver.url, ["app.*"]);
  await untilDelivery(ada, await ping(ada, id), { response_status: 101, error: "response_not_2xx" });
  receiver.state.answer = 204;
  await untilDelivery(ada, await ping(ada, id), { status: "succeeded", response_status: 204 });
});

// Guards "no request into private networks": by name, by one that changes its mind, by a redirect (above).
// INVARIANT 53
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
    allowedTargets: [],
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

// Guards "no request into private networks": what else listens on an allowed host was not meant.
// INVARIANT 53
test("an allowance is of one port: what else listens there is not reached", async (t) => {
  const { life, ada, startTestDeliverer } = await startWebhooks(t);
  const allowed = await startReceiver(life);
  const store = await startReceiver(life);
  const without = receiverOptions.allowedTargets.filter((it) => it !== `127.0.0.1:${store.port}`);
  // The api still allows both: what was created before the operator changed his mind is judged again.
  const before = await createWebhook(ada, store.url, ["app.*"]);
  const good = await createWebhook(ada, allowed.url, ["app.*"]);
  startTestDeliverer({ allowedTargets: without });
  await untilDelivery(ada, await ping(ada, good.id), { status: "succeeded" });
  await untilDelivery(ada, await ping(ada, before.id), { error: "address_blocked" });
  for (const url of ["http://127.0.0.1:1025/", "http://127.0.0.1/", "https://127.0.0.1/"]) {
    assertProblem(await ada.post("/v1/webhooks", { url, event_types: ["*"] }), "invalid_request");
  }
  assert.deepEqual(store.received, []);
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
