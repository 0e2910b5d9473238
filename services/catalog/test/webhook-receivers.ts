// What the tests of webhooks share: receivers, what delivers to them, and an API that makes events.
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import type { TestContext } from "node:test";
import { execute, openPool, openSession, type Pool, sql } from "@mosis/postgres";
import { createMetrics, type Lifecycle } from "@mosis/runtime";
import type { Delivery, WebhookPayload, WebhookWithSecret } from "@mosis/types/webhooks";
import { processRoles } from "../src/access/process-roles.ts";
import { deletePublished, readOutbox } from "../src/changes/outbox/queries.ts";
import type { AttemptDeps } from "../src/webhooks/sender/attempt.ts";
import { type DelivererOptions, startDeliverer } from "../src/webhooks/sender/deliverer.ts";
import { createResolve } from "../src/webhooks/sender/resolve.ts";
import { readWebhookOptions } from "../src/webhooks/subscriptions/options.ts";
import { receiverCertificate, receiverKey } from "./receiver-certificate.ts";
import { type Caller, eventually, log, patience, startCatalog, urlAs, webhookOptions } from "./support.ts";

interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  payload: WebhookPayload;
}

type Answer = number | RequestListener;

/**
 * Receivers of tests are on loopback addresses, which an operator has to allow one by one. So their ports are
 * taken before anything else starts, and are held until the process ends.
 */
const doors = await Promise.all(
  Array.from({ length: 8 }, async () => {
    const door = createTcpServer().unref();
    await new Promise<void>((resolve) => void door.listen(0, "127.0.0.1", resolve));
    return door;
  }),
);
const portOf = (door: (typeof doors)[number]) => (door.address() as AddressInfo).port;

export const receiverOptions = {
  ...webhookOptions,
  allowedTargets: doors.map((door) => `127.0.0.1:${portOf(door)}`),
};

/** A receiver that keeps what it gets. `answer` may change while it runs. */
export async function startReceiver(life: Lifecycle, options: { tls?: boolean; answer?: Answer } = {}) {
  const received: Received[] = [];
  const state: { answer: Answer } = { answer: options.answer ?? 204 };
  const listener: RequestListener = (req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.once("end", () => {
      const body = Buffer.concat(chunks).toString();
      const payload = JSON.parse(body) as WebhookPayload;
      received.push({ path: req.url ?? "", headers: plain(req.headers), body, payload });
      const { answer } = state;
      if (typeof answer === "number") res.writeHead(answer).end();
      else answer(req, res);
    });
  };
  const server: Server = options.tls
    ? createTlsServer({ cert: receiverCertificate, key: receiverKey }, listener)
    : createServer(listener);
  const door = doors.pop();
  assert.ok(door, "a test file has more receivers than ports are taken for");
  door.on("connection", (socket) => server.emit("connection", socket));
  life.own("receiver", server, () => {
    door.removeAllListeners("connection");
    doors.push(door);
    server.closeAllConnections();
  });
  const port = portOf(door);
  return { received, state, port, url: `http://127.0.0.1:${port}/hooks` };
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

interface DelivererSetting {
  attempt?: Partial<AttemptDeps>;
  allowedTargets?: string[];
  limits?: Partial<DelivererOptions["limits"]>;
  leaseSeconds?: number;
}

/** The API over a database of its own, and a developer who has signed in. */
export async function startWebhooks(t: TestContext) {
  const catalog = await startCatalog(t, { webhooks: receiverOptions });
  const { life, db, databaseUrl } = catalog;
  const ada = await catalog.as("ada");
  const startTestDeliverer = (setting: DelivererSetting = {}) => {
    const { attempt, allowedTargets = receiverOptions.allowedTargets, limits, leaseSeconds = 60 } = setting;
    const { secrets, judge } = readWebhookOptions({ ...webhookOptions, allowedTargets });
    const url = urlAs(processRoles.webhooks, databaseUrl);
    const pool = openPool({ url, name: "deliverer", log, connectionsMax: 4, ...patience });
    life.own("deliverer-postgres", pool, (it) => it.close());
    const deliverer = startDeliverer({
      db: pool,
      openSession: () => openSession({ url, name: "deliverer", log, ...patience }),
      secrets,
      log,
      metrics: createMetrics({ service: "test" }),
      attempt: { resolve: createResolve(), judge, timeoutMs: 5000, ...attempt },
      limits: {
        attemptsMax: 16,
        perWebhookMax: 4,
        perHostMax: 8,
        perDeveloperMax: 8,
        shareOfFreeMax: 1,
        slowMax: 16,
        unprovenMax: 16,
        ...limits,
      },
      timing: {
        pollMs: 50,
        retryDelayMs: 20,
        leaseSeconds,
        sweepIntervalMs: 60_000,
        measureIntervalMs: 60_000,
      },
    });
    return life.own("deliverer", deliverer, (it) => it.close());
  };
  return { ...catalog, life, db, ada, startTestDeliverer };
}

export async function createWebhook(caller: Caller, url: string, event_types: string[] = ["*"]) {
  const { body } = await caller.post("/v1/webhooks", { url, event_types }).expect(201);
  return body as WebhookWithSecret;
}

export async function createApp(caller: Caller, name: string): Promise<void> {
  await caller.post("/v1/apps", { package_id: `org.mosis.${name}`, name }).expect(201);
}

/** What the relay does with rows that Kafka has acknowledged. */
export async function publishAll(db: Pool): Promise<void> {
  const rows = await readOutbox(db, 5000);
  await deletePublished(
    db,
    rows.map(({ position }) => position),
  );
}

export async function deliveriesOf(caller: Caller, webhookId: string): Promise<Delivery[]> {
  const { body } = await caller.get(`/v1/webhooks/${webhookId}/deliveries`).expect(200);
  return (body as { data: Delivery[] }).data;
}

/** The delivery once it is as it has to become. */
export function untilDelivery(caller: Caller, { id, webhook_id }: Delivery, wanted: Partial<Delivery>) {
  return eventually(async () => {
    const { body } = await caller.get(`/v1/webhooks/${webhook_id}/deliveries/${id}`).expect(200);
    const found = body as Delivery & { payload: WebhookPayload };
    for (const [key, value] of Object.entries(wanted)) {
      assert.deepEqual(found[key as keyof Delivery], value, key);
    }
    return found;
  });
}

export async function ping(caller: Caller, webhookId: string): Promise<Delivery> {
  const { body } = await caller.post(`/v1/webhooks/${webhookId}:ping`).expect(202);
  return body as Delivery;
}

/** As if their time had come. */
export function makeDue(db: Pool) {
  return execute(db, sql`update webhook_deliveries set next_attempt_at = now() where status = 'pending'`);
}
