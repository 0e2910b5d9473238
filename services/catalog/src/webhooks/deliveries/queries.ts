import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { AuditEvent } from "@mosis/types/audit";
import { Uuid } from "@mosis/types/formats";
import { Delivery } from "@mosis/types/webhooks";
import Type from "typebox";
import { deliveriesChannel } from "../../changes/outbox/queries.ts";
import { pageClause, type PageRequest, positionColumn, positioned } from "../../shared/page-position.ts";

const columns = sql`
  id, webhook_id, event_id, type, status, attempts, next_attempt_at, last_attempt_at, response_status,
  duration_ms, error, created_at,
  case when status = 'pending' then array[]::text[] else array['redeliver'] end as allowed_actions`;

/** Inserts a delivery that no change has caused: a ping. */
export async function insertDelivery(
  tx: Queryable,
  { id, webhookId, event }: { id: string; webhookId: string; event: AuditEvent },
) {
  const made = await one(
    tx,
    Delivery,
    sql`
      insert into webhook_deliveries (id, developer_id, webhook_id, event_id, type, event)
      values (${id}, ${event.developer_id}, ${webhookId}, ${event.event_id}, ${event.action},
              ${JSON.stringify(event)}::json)
      returning ${columns}`,
  );
  await notifyDeliveries(tx);
  return made;
}

const DeliveryWithEvent = Type.Object({ ...Delivery.properties, event: AuditEvent });

/** Returns the delivery with the event that it sends. */
export function findOwnDelivery(
  db: Queryable,
  owner: { developerId: string; webhookId: string },
  id: string,
) {
  return maybeOne(
    db,
    DeliveryWithEvent,
    sql`
      select ${columns}, event from webhook_deliveries
      where id = ${id} and webhook_id = ${owner.webhookId} and developer_id = ${owner.developerId}`,
  );
}

const DeliveryOnPage = Type.Object({ ...Delivery.properties, ...positioned });

/** Returns one page and the row after it, newest first. */
export function listOwnDeliveries(
  db: Queryable,
  { developerId, webhookId }: { developerId: string; webhookId: string },
  page: PageRequest,
) {
  return many(
    db,
    DeliveryOnPage,
    sql`
      select ${columns}, ${positionColumn} from webhook_deliveries
      where webhook_id = ${webhookId} and developer_id = ${developerId} ${pageClause(page)}`,
  );
}

/** Restarts a delivery that has ended. Returns null when there is no such delivery. */
export async function restartOwnDelivery(
  tx: Queryable,
  { developerId, webhookId }: { developerId: string; webhookId: string },
  id: string,
) {
  const restarted = await maybeOne(
    tx,
    Delivery,
    sql`
      update webhook_deliveries set status = 'pending', attempts = 0, next_attempt_at = now(), error = null
      where id = ${id} and webhook_id = ${webhookId} and developer_id = ${developerId}
        and status <> 'pending'
      returning ${columns}`,
  );
  await notifyDeliveries(tx);
  return restarted;
}

const SharedWebhook = Type.Object({
  id: Uuid,
  url: Type.String(),
  disabled: Type.Boolean(),
  quarantined: Type.Boolean(),
});

/** Locks the row of the webhook in share mode, so that it is not disabled before the commit. */
export function shareOwnWebhook(tx: Queryable, developerId: string, id: string) {
  return maybeOne(
    tx,
    SharedWebhook,
    sql`
      select id, url, disabled_at is not null as disabled, quarantined_at is not null as quarantined
      from webhooks
      where id = ${id} and developer_id = ${developerId}
      for share`,
  );
}

async function notifyDeliveries(tx: Queryable): Promise<void> {
  await execute(tx, sql`select pg_notify(${deliveriesChannel}, '')`);
}
