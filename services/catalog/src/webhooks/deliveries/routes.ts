import { requestId, sendPage, createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { requireHearing } from "../../access/event-readers.ts";
import { change, send } from "../../changes/change.ts";
import { isUuid } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import { tenantOf } from "../../access/principal.ts";
import { missingWebhook, requireAllApps } from "../subscriptions/access.ts";
import { findOwnWebhook } from "../subscriptions/queries.ts";
import { payloadOf } from "./payload.ts";
import { findOwnDelivery, listOwnDeliveries } from "./queries.ts";
import { missingDelivery, sendAgain, sendPing } from "./sending.ts";

type Params = { id: string; delivery: string };

const webhookPath = "/v1/webhooks/:id";
const list = `${webhookPath}/deliveries`;
const path = `${list}/:delivery`;

interface Deps {
  db: Pool;
  authenticate: Authenticate;
}

/** What was sent to a webhook, and sending to it. */
export function webhookDeliveryRoutes(deps: Deps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveSending(router, deps);
  return router;
}

function serveReads(router: Router, { db, authenticate }: Deps): void {
  const paging = createPaging("webhook-deliveries");

  router.get<{ id: string }>(list, async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:read");
    requireAllApps(principal);
    const page = paging.read(req.query);
    const { developerId } = principal;
    const own = db.as(tenantOf(principal));
    const { id } = req.params;
    const webhook = isUuid(id) ? await findOwnWebhook(own, developerId, id) : null;
    if (!webhook) throw missingWebhook();
    const rows = await listOwnDeliveries(own, { developerId, webhookId: webhook.id }, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get<Params>(path, async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:read");
    requireAllApps(principal);
    const owner = { developerId: principal.developerId, webhookId: req.params.id };
    const { delivery: id } = req.params;
    const own = db.as(tenantOf(principal));
    const found = isUuid(id) && isUuid(owner.webhookId) ? await findOwnDelivery(own, owner, id) : null;
    if (!found) throw missingDelivery();
    const { event, ...delivery } = found;
    const permissions = principal.permissions === "all" ? null : [...principal.permissions];
    requireHearing(permissions, [delivery.type]);
    res.json({ ...delivery, payload: payloadOf(event) });
  });
}

function serveSending(router: Router, { db, authenticate }: Deps): void {
  router.post<{ id: string }>(`${webhookPath}\\:ping`, async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);
    const asked = { webhookId: req.params.id, requestId: requestId(req) };

    const answer = await change(db, { req, principal }, async (tx) => {
      const body = await sendPing(tx, principal, asked);
      const Location = `/v1/webhooks/${body.webhook_id}/deliveries/${body.id}`;
      return { status: 202, headers: { Location }, body };
    });

    send(res, answer);
  });

  router.post<Params>(`${path}\\:redeliver`, async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);
    const asked = { webhookId: req.params.id, id: req.params.delivery };

    const answer = await change(db, { req, principal }, async (tx) => {
      const body = await sendAgain(tx, principal, asked);
      return { status: 202, body };
    });

    send(res, answer);
  });
}
