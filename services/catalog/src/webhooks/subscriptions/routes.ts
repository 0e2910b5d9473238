import { parse, sendPage, createRouter } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { NewWebhook, WebhookChange, type WebhookWithSecret } from "@mosis/types/webhooks";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { isUuid } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { requireEveryApp } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import * as changes from "./changes.ts";
import { findOwnWebhook, listOwnWebhooks } from "./queries.ts";
import { readWebhookUrl, type UrlRules } from "./url.ts";

const list = "/v1/webhooks";
const path = `${list}/:id`;

export interface WebhookDeps {
  authenticate: Authenticate;
  secrets: SecretBox;
  urlRules: UrlRules;
}

export function webhookRoutes(deps: WebhookDeps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveChanges(router, deps);
  serveSecrets(router, deps);
  serveConfirmation(router, deps);
  return router;
}

function serveReads(router: Router, { authenticate }: WebhookDeps): void {
  const paging = createPaging("webhooks");

  router.get(list, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:read");
    const { principal } = call;
    requireEveryApp(principal);
    const page = paging.read(req.query);
    const rows = await listOwnWebhooks(call.db, principal.developerId, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get<{ id: string }>(path, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:read");
    const { principal } = call;
    requireEveryApp(principal);
    const { id } = req.params;
    const webhook = isUuid(id) ? await findOwnWebhook(call.db, principal.developerId, id) : null;
    if (!webhook) throw changes.missingWebhook();
    res.set("ETag", changes.tagOf(webhook)).json(webhook);
  });
}

function serveChanges(router: Router, { authenticate, urlRules }: WebhookDeps): void {
  router.patch<{ id: string }>(path, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:write");
    requireEveryApp(call.principal);
    const body = parse(WebhookChange, await authenticate.body(req), "body");
    const address = body.url === undefined ? null : readWebhookUrl(body.url, urlRules);
    const { id } = req.params;

    const webhook = await transaction(call.db, (tx) =>
      changes.changeWebhook(tx, call, id, { body, address }),
    );

    res.set("ETag", changes.tagOf(webhook)).json(webhook);
  });

  router.delete<{ id: string }>(path, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:write");
    requireEveryApp(call.principal);
    const { id } = req.params;

    await transaction(call.db, (tx) => changes.deleteWebhook(tx, call, id));

    res.status(204).end();
  });
}

/** Serves the two operations whose answer contains a secret. */
function serveSecrets(router: Router, { authenticate, secrets, urlRules }: WebhookDeps): void {
  router.post(list, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:write");
    requireEveryApp(call.principal);
    const body = parse(NewWebhook, await authenticate.body(req), "body");
    const address = readWebhookUrl(body.url, urlRules);

    const answer = await change(call, { req, body }, async (tx) => {
      const made = { body, address, secrets };
      const { webhook, secret } = await changes.createWebhook(tx, call, made);
      const headers = { Location: `${list}/${webhook.id}`, ETag: changes.tagOf(webhook) };
      return { status: 201, headers, body: { ...webhook, secret } satisfies WebhookWithSecret };
    });

    send(res, answer);
  });

  router.post<{ id: string }>(`${path}\\:rotate-secret`, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:write");
    requireEveryApp(call.principal);
    const { id } = req.params;

    const answer = await change(call, { req }, async (tx) => {
      const { webhook, secret } = await changes.rotateSecret(tx, call, id, secrets);
      const headers = { ETag: changes.tagOf(webhook) };
      return { status: 200, headers, body: { ...webhook, secret } satisfies WebhookWithSecret };
    });

    send(res, answer);
  });
}

/** Serves the confirmation that ends a quarantine. It needs a session, because a key may be a thief's. */
function serveConfirmation(router: Router, { authenticate }: WebhookDeps): void {
  router.post<{ id: string }>(`${path}\\:confirm`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { id } = req.params;

    const answer = await change(call, { req }, async (tx) => {
      await requireRecent(tx, call.principal);
      const webhook = await changes.confirmWebhook(tx, call, id);
      return { status: 200, headers: { ETag: changes.tagOf(webhook) }, body: webhook };
    });

    send(res, answer);
  });
}
