import { type Problem, problem, requestId, sendPage } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AuditEvent } from "@mosis/types/audit";
import { Router } from "express";
import type { Authenticate } from "../auth.ts";
import { change, send } from "../change.ts";
import { isUuid } from "../identifier.ts";
import { createPaging } from "../page-position.ts";
import { type Principal, tenantOf } from "../principal.ts";
import { stateConflict } from "../refusal.ts";
import { findOwnWebhook } from "../webhooks/queries.ts";
import { missingWebhook, requireAllApps } from "../webhooks/access.ts";
import { payloadOf } from "./payload.ts";
import {
  findOwnDelivery,
  insertDelivery,
  listOwnDeliveries,
  restartOwnDelivery,
  shareOwnWebhook,
} from "./queries.ts";

type Params = { id: string; delivery: string };

/**
 * What was sent to a webhook, and sending it again. Neither a ping nor that changes anything of the
 * developer, so no audit event tells of them: an event of a ping would be a delivery itself.
 */
export function webhookDeliveryRoutes({
  db,
  authenticate,
}: {
  db: Pool;
  authenticate: Authenticate;
}): Router {
  const router = Router();
  const paging = createPaging("webhook-deliveries");

  router.post<{ id: string }>("/v1/webhooks/:id\\:ping", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      const webhookId = await requireEnabled(tx, principal, req.params.id);
      const event = pingOf(principal, webhookId, requestId(req));
      const made = await insertDelivery(tx, { id: newId(), webhookId, event });
      return {
        status: 202,
        headers: { Location: `/v1/webhooks/${webhookId}/deliveries/${made.id}` },
        body: made,
      };
    });

    send(res, answer);
  });

  router.get("/v1/webhooks/:id/deliveries", async (req, res) => {
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

  router.get("/v1/webhooks/:id/deliveries/:delivery", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:read");
    requireAllApps(principal);
    const owner = { developerId: principal.developerId, webhookId: req.params.id };
    const { delivery: id } = req.params;
    const own = db.as(tenantOf(principal));
    const found = isUuid(id) && isUuid(owner.webhookId) ? await findOwnDelivery(own, owner, id) : null;
    if (!found) throw missingDelivery();
    const { event, ...delivery } = found;
    res.json({ ...delivery, payload: payloadOf(event) });
  });

  router.post<Params>("/v1/webhooks/:id/deliveries/:delivery\\:redeliver", async (req, res) => {
    const principal = await authenticate(req, res, "webhooks:write");
    requireAllApps(principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      const body = await redeliver(tx, principal, req.params);
      return { status: 202, body };
    });

    send(res, answer);
  });

  return router;
}

async function redeliver(tx: Queryable, principal: Principal, { id, delivery }: Params) {
  const owner = { developerId: principal.developerId, webhookId: id };
  const found = isUuid(id) && isUuid(delivery) ? await findOwnDelivery(tx, owner, delivery) : null;
  if (!found) throw missingDelivery();
  await requireEnabled(tx, principal, id);
  const restarted = await restartOwnDelivery(tx, owner, delivery);
  if (restarted) return restarted;
  throw stateConflict("The delivery", {
    code: "delivery_pending",
    message: "is pending",
    fix: "Wait until it has succeeded or failed.",
  });
}

async function requireEnabled(tx: Queryable, { developerId }: Principal, id: string): Promise<string> {
  const webhook = isUuid(id) ? await shareOwnWebhook(tx, developerId, id) : null;
  if (!webhook) throw missingWebhook();
  if (!webhook.disabled) return webhook.id;
  throw stateConflict("The webhook", {
    code: "webhook_disabled",
    message: "is disabled",
    fix: "Enable it first: PATCH it with disabled false.",
  });
}

function pingOf({ developerId, actor }: Principal, webhookId: string, request_id: string): AuditEvent {
  return {
    event_id: newId(),
    developer_id: developerId,
    occurred_at: new Date().toISOString(),
    actor,
    action: "webhook.ping",
    target_type: "webhook",
    target_id: webhookId,
    request_id,
    payload: {},
  };
}

function missingDelivery(): Problem {
  return problem("not_found", "There is no such delivery.");
}
