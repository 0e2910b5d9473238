import type { IncomingMessage } from "node:http";
import { etagOf, parse, problem, readJson, requestId, requireMatch, sendPage } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import { NewWebhook, type Webhook, WebhookChange, type WebhookWithSecret } from "@mosis/types/webhooks";
import { Router } from "express";
import type { Authenticate } from "../auth.ts";
import { bodyLimit } from "../body-limit.ts";
import { change, send } from "../change.ts";
import { isUuid } from "../identifier.ts";
import { appendOutbox } from "../outbox/append.ts";
import { createPaging } from "../page-position.ts";
import { type Principal, tenantOf } from "../principal.ts";
import { auditedWebhook } from "./audited.ts";
import { missingWebhook, requireAllApps } from "./access.ts";
import {
  countLocked,
  deleteLocked,
  findOwnWebhook,
  insertWebhook,
  listOwnWebhooks,
  lockOwnWebhook,
  rotateLocked,
  updateLocked,
} from "./queries.ts";
import { newWebhookSecret, type SecretBox } from "./secret.ts";
import { readWebhookUrl, type UrlRules } from "./url.ts";

/** Of a developer: every change of theirs may become a delivery to each. */
const webhooksMax = 20;
/** How long the secret from before a rotation signs too. */
const graceHours = 24;

export interface WebhookDeps {
  db: Pool;
  authenticate: Authenticate;
  secrets: SecretBox;
  urlRules: UrlRules;
}

export function webhookRoutes({ db, authenticate, secrets, urlRules }: WebhookDeps): Router {
  const router = Router();
  const paging = createPaging("webhooks");

  router.post("/v1/webhooks", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);
    const body = parse(NewWebhook, await readJson(req, bodyLimit), "body");
    const address = readWebhookUrl(body.url, urlRules);

    const answer = await change(db, { req, principal, body }, async (tx) => {
      const secret = newWebhookSecret();
      const id = newId();
      const { event_types: eventTypes, description = "" } = body;
      const row = { id, ...address, eventTypes, description, secret: secrets.seal(secret, id) };
      const created = await create(tx, principal, row);
      await tell(tx, req, { principal, webhook: created, action: "webhook.created" });
      const headers = { Location: `/v1/webhooks/${id}`, ETag: tagOf(created) };
      return { status: 201, headers, body: { ...created, secret } satisfies WebhookWithSecret };
    });

    send(res, answer);
  });

  router.get("/v1/webhooks", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:read");
    requireAllApps(principal);
    const page = paging.read(req.query);
    const rows = await listOwnWebhooks(db.as(tenantOf(principal)), principal.developerId, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get("/v1/webhooks/:id", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:read");
    requireAllApps(principal);
    const { id } = req.params;
    const own = db.as(tenantOf(principal));
    const webhook = isUuid(id) ? await findOwnWebhook(own, principal.developerId, id) : null;
    if (!webhook) throw missingWebhook();
    res.set("ETag", tagOf(webhook)).json(webhook);
  });

  router.patch("/v1/webhooks/:id", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);
    const body = parse(WebhookChange, await readJson(req, bodyLimit), "body");
    const address = body.url === undefined ? null : readWebhookUrl(body.url, urlRules);

    const answer = await change(db, { req, principal, body }, async (tx) => {
      const before = await lockMatching(tx, req, principal, req.params.id);
      const webhook = await updateLocked(tx, before.id, {
        url: address?.url ?? before.url,
        host: address?.host ?? null,
        eventTypes: body.event_types ?? before.event_types,
        description: body.description ?? before.description,
        disabled: body.disabled ?? before.disabled,
      });
      await tell(tx, req, { principal, webhook, action: "webhook.updated" });
      return { status: 200, headers: { ETag: tagOf(webhook) }, body: webhook };
    });

    send(res, answer);
  });

  router.delete("/v1/webhooks/:id", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      const webhook = await lockMatching(tx, req, principal, req.params.id);
      await deleteLocked(tx, webhook.id);
      await tell(tx, req, { principal, webhook, action: "webhook.deleted" });
      return { status: 204 };
    });

    send(res, answer);
  });

  router.post<{ id: string }>("/v1/webhooks/:id\\:rotate-secret", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      const { id } = await lockMatching(tx, req, principal, req.params.id);
      const secret = newWebhookSecret();
      const webhook = await rotateLocked(tx, id, secrets.seal(secret, id), graceHours);
      await tell(tx, req, { principal, webhook, action: "webhook.secret_rotated" });
      const body: WebhookWithSecret = { ...webhook, secret };
      return { status: 200, headers: { ETag: tagOf(webhook) }, body };
    });

    send(res, answer);
  });

  return router;
}

async function create(tx: Queryable, { developerId }: Principal, row: Parameters<typeof insertWebhook>[2]) {
  if ((await countLocked(tx, developerId)) >= webhooksMax) {
    throw problem("state_conflict", `You have ${webhooksMax} webhooks: delete one first.`);
  }
  return insertWebhook(tx, developerId, row);
}

async function lockMatching(
  tx: Queryable,
  req: IncomingMessage,
  { developerId }: Principal,
  id: string,
): Promise<Webhook> {
  const webhook = isUuid(id) ? await lockOwnWebhook(tx, developerId, id) : null;
  if (!webhook) throw missingWebhook();
  requireMatch(req, tagOf(webhook));
  return webhook;
}

async function tell(
  tx: Queryable,
  req: IncomingMessage,
  { principal, webhook, action }: { principal: Principal; webhook: Webhook; action: string },
): Promise<void> {
  await appendOutbox(tx, {
    developerId: principal.developerId,
    actor: principal.actor,
    requestId: requestId(req),
    action,
    target: { type: "webhook", id: webhook.id },
    payload: auditedWebhook(webhook),
  });
}

function tagOf(webhook: Webhook): string {
  return etagOf(JSON.stringify(webhook));
}
