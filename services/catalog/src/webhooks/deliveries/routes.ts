import { createRouter, sendPage } from "@mosis/http";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { requireHearing } from "../../access/event-readers.ts";
import { change, send } from "../../changes/change.ts";
import { isUuid } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import { requireEveryApp } from "../../access/principal.ts";
import { missingWebhook } from "../subscriptions/changes.ts";
import { findOwnWebhook } from "../subscriptions/queries.ts";
import { payloadOf } from "./payload.ts";
import { findOwnDelivery, listOwnDeliveries } from "./queries.ts";
import { missingDelivery, sendAgain, sendPing } from "./changes.ts";

type Params = { id: string; delivery: string };

const webhookPath = "/v1/webhooks/:id";
const list = `${webhookPath}/deliveries`;
const path = `${list}/:delivery`;

interface Deps {
  authenticate: Authenticate;
}

/** Serves the deliveries of a webhook, and the requests to send a ping or to send a delivery again. */
export function webhookDeliveryRoutes(deps: Deps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveSending(router, deps);
  return router;
}

function serveReads(router: Router, { authenticate }: Deps): void {
  const paging = createPaging("webhook-deliveries");

  router.get<{ id: string }>(list, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:read");
    const { principal } = call;
    requireEveryApp(principal);
    const page = paging.read(req.query);
    const { developerId } = principal;
    const { id } = req.params;
    const webhook = isUuid(id) ? await findOwnWebhook(call.db, developerId, id) : null;
    if (!webhook) throw missingWebhook();
    const rows = await listOwnDeliveries(call.db, { developerId, webhookId: webhook.id }, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:read");
    const { principal } = call;
    requireEveryApp(principal);
    const owner = { developerId: principal.developerId, webhookId: req.params.id };
    const { delivery: id } = req.params;
    const found = isUuid(id) && isUuid(owner.webhookId) ? await findOwnDelivery(call.db, owner, id) : null;
    if (!found) throw missingDelivery();
    const { event, ...delivery } = found;
    const permissions = principal.permissions === "all" ? null : [...principal.permissions];
    requireHearing(permissions, [delivery.type]);
    res.json({ ...delivery, payload: payloadOf(event) });
  });
}

function serveSending(router: Router, { authenticate }: Deps): void {
  router.post<{ id: string }>(`${webhookPath}\\:ping`, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:write");
    requireEveryApp(call.principal);
    const { id } = req.params;

    const answer = await change(call, { req }, async (tx) => {
      const body = await sendPing(tx, call, id);
      const Location = `/v1/webhooks/${body.webhook_id}/deliveries/${body.id}`;
      return { status: 202, headers: { Location }, body };
    });

    send(res, answer);
  });

  router.post<Params>(`${path}\\:redeliver`, async (req, res) => {
    const call = await authenticate(req, res, "webhooks:write");
    requireEveryApp(call.principal);
    const delivery = { webhookId: req.params.id, id: req.params.delivery };

    const answer = await change(call, { req }, async (tx) => {
      const body = await sendAgain(tx, call, delivery);
      return { status: 202, body };
    });

    send(res, answer);
  });
}
