import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { processRoles } from "../src/access/process-roles.ts";
import { eventually, urlAs } from "./support.ts";
import {
  createApp,
  createWebhook,
  deliveriesOf,
  makeDue,
  publishAll,
  receiverOptions,
  startReceiver,
  startWebhooks,
} from "./webhook-receivers.ts";

// Guards "killing any process at any moment (kill -9) loses nothing".
// INVARIANT 33
test("killed in the middle of an attempt, webhooks send the same event again with the same id", async (t) => {
  const { life, db, databaseUrl, ada } = await startWebhooks(t);
  const receiver = await startReceiver(life, { answer: () => {} });
  const webhook = await createWebhook(ada, receiver.url, ["app.*"]);
  const names = ["a", "b", "c", "d", "e", "f"];
  for (const name of names) await createApp(ada, name);
  await publishAll(db);
  const first = startProcess(t, databaseUrl);
  // It is not answered, and a webhook that nobody knows has no second attempt at once.
  await eventually(() => assert.equal(receiver.received.length, 1));
  first.kill("SIGKILL");
  await once(first, "exit");
  const cut = receiver.received.map(({ headers }) => headers["webhook-id"]);

  receiver.state.answer = 204;
  startProcess(t, databaseUrl);
  // What nobody had begun goes at once, what was cut off when its lease is over.
  await eventually(() => assert.equal(receiver.received.length, 6));
  // Written down too: a delivery whose lease is ended here before that is sent once more, as it has to be.
  await eventually(async () => {
    const deliveries = await deliveriesOf(ada, webhook.id);
    assert.equal(deliveries.filter(({ status }) => status === "succeeded").length, 5);
  });
  await makeDue(db);
  await eventually(async () => {
    const deliveries = await deliveriesOf(ada, webhook.id);
    assert.deepEqual(
      deliveries.map(({ status }) => status),
      names.map(() => "succeeded"),
    );
  });
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"] ?? "");
  assert.equal(ids.length, 7);
  assert.equal(new Set(ids).size, 6);
  assert.deepEqual(new Set(ids.slice(6)), new Set(cut));
});

/** Webhooks as they run in production, killed after the test. */
function startProcess(t: TestContext, databaseUrl: string) {
  const main = fileURLToPath(new URL("../src/main/webhooks.ts", import.meta.url));
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      DATABASE_URL: urlAs(processRoles.webhooks, databaseUrl),
      WEBHOOK_SECRET_KEYS: receiverOptions.secretKeys.map((key) => key.toString("base64")).join(","),
      WEBHOOK_ALLOWED_TARGETS: receiverOptions.allowedTargets.join(","),
      WEBHOOKS_PORT: "0",
      MOSIS_SELF_TELEMETRY: "off",
    },
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}
