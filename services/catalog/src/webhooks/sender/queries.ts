import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { AuditEvent } from "@mosis/types/audit";
import { Nullable, Uuid } from "@mosis/types/formats";
import { type DeliveryError, type DisabledReason, Webhook } from "@mosis/types/webhooks";
import Type from "typebox";
import { webhookColumns } from "../subscriptions/queries.ts";

const Due = Type.Object({ id: Uuid, host: Type.String(), developer_id: Uuid });

/**
 * Returns the webhooks that have a due delivery, ordered by id, after a given id. It costs one index probe
 * for each webhook with pending deliveries, however many those are, so one webhook's backlog does not slow
 * down the others.
 */
export function listDue(db: Queryable, behind: string, webhooksMax: number) {
  return many(
    db,
    Due,
    sql`
      with recursive pending (webhook_id) as (
        (select webhook_id from webhook_deliveries
         where status = 'pending' and webhook_id > ${behind} order by webhook_id limit 1)
        union all
        select (select webhook_id from webhook_deliveries
                where status = 'pending' and webhook_id > pending.webhook_id order by webhook_id limit 1)
        from pending where pending.webhook_id is not null
      )
      select webhooks.id, host, developer_id
      from pending join webhooks on webhooks.id = pending.webhook_id
      where exists (select from webhook_deliveries as due
                    where due.webhook_id = webhooks.id and due.status = 'pending'
                      and due.next_attempt_at <= now())
      order by webhooks.id
      limit ${webhooksMax}`,
  );
}

const Claimed = Type.Object({
  id: Uuid,
  event_id: Uuid,
  attempts: Type.Integer(),
  event: AuditEvent,
  webhook_id: Uuid,
  host: Type.String(),
  developer_id: Uuid,
  url: Type.String(),
  disabled: Type.Boolean(),
  /** The permissions that decide which events the webhook may hear; null means every event. */
  permissions: Nullable(Type.Array(Type.String())),
  secret: Type.Unsafe<Buffer>({}),
  previous_secret: Type.Unsafe<Buffer | null>({}),
});
export type Claimed = Type.Static<typeof Claimed>;

/**
 * Begins an attempt of due deliveries of each of these webhooks, up to a number for each. The process that
 * begins an attempt has it for itself until the lease ends. When the process is killed, the delivery is due
 * again after the lease.
 */
export function claimDue(
  db: Queryable,
  places: { id: string; count: number }[],
  { leaseSeconds }: { leaseSeconds: number },
) {
  return many(
    db,
    Claimed,
    sql`
      with due as (
        select found.id
        from unnest(${places.map(({ id }) => id)}::uuid[], ${places.map(({ count }) => count)}::int[])
               as place (webhook_id, count),
             lateral (
               select id from webhook_deliveries
               where webhook_deliveries.webhook_id = place.webhook_id and status = 'pending'
                 and next_attempt_at <= now()
               order by next_attempt_at
               limit place.count
               for update skip locked
             ) as found
      ), claimed as (
        update webhook_deliveries set
          attempts = attempts + 1, last_attempt_at = now(),
          response_status = null, duration_ms = null, error = null,
          next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
        from due where webhook_deliveries.id = due.id
        returning webhook_deliveries.id, event_id, attempts, event, webhook_id
      )
      select claimed.id, event_id, attempts, event, webhook_id, host, developer_id, url,
             coalesce(disabled_at, quarantined_at) is not null as disabled, permissions, secret,
             case when previous_secret_until > now() then previous_secret end as previous_secret
      from claimed join webhooks on webhooks.id = webhook_id`,
  );
}

export interface Finish {
  id: string;
  /** The number of the attempt that has ended: another may have begun since. */
  attempts: number;
  responseStatus: number | null;
  durationMs: number | null;
  error: DeliveryError | null;
  /** The time until the next attempt; null when there is none. */
  pauseMs: number | null;
}

/** Returns false when the lease of the attempt had run out before it ended. */
export async function finishAttempt(tx: Queryable, finish: Finish): Promise<boolean> {
  const { id, attempts, responseStatus, durationMs, error, pauseMs } = finish;
  const status = error === null ? "succeeded" : "failed";
  const changed = await execute(
    tx,
    sql`
      update webhook_deliveries set
        status = case when ${pauseMs}::float8 is null then ${status} else 'pending' end,
        next_attempt_at = now() + make_interval(secs => ${pauseMs}::float8 / 1000),
        response_status = ${responseStatus}, duration_ms = ${durationMs}, error = ${error}
      where id = ${id} and attempts = ${attempts} and status = 'pending'`,
  );
  return changed > 0;
}

export function noteSuccess(tx: Queryable, webhookId: string) {
  return execute(
    tx,
    sql`update webhooks set failing_since = null where id = ${webhookId} and failing_since is not null`,
  );
}

export function noteFailure(tx: Queryable, webhookId: string) {
  return execute(
    tx,
    sql`update webhooks set failing_since = now() where id = ${webhookId} and failing_since is null`,
  );
}

/** Returns null when the webhook is disabled already, or has not been failing for so long. */
export function disableWebhook(
  tx: Queryable,
  id: string,
  { reason, failingHoursMin }: { reason: DisabledReason; failingHoursMin: number },
) {
  return maybeOne(
    tx,
    Webhook,
    sql`
      update webhooks set disabled_at = now(), disabled_reason = ${reason}, updated_at = now()
      where id = ${id} and disabled_at is null
        and failing_since <= now() - make_interval(hours => ${failingHoursMin})
      returning ${webhookColumns}`,
  );
}

/**
 * Deletes old deliveries that have ended, and secrets that no longer sign.
 * @returns the number of deliveries deleted.
 */
export async function sweepDeliveries(
  db: Queryable,
  { days, rowsMax }: { days: number; rowsMax: number },
): Promise<number> {
  const swept = await execute(
    db,
    sql`
      delete from webhook_deliveries where id in (
        select id from webhook_deliveries
        where status <> 'pending' and created_at < now() - make_interval(days => ${days})
        order by created_at limit ${rowsMax} for update skip locked)`,
  );
  await execute(
    db,
    sql`
      update webhooks set previous_secret = null, previous_secret_until = null
      where previous_secret_until <= now()`,
  );
  return swept;
}

const Backlog = Type.Object({
  pending: Type.Integer(),
  late_seconds: Type.Number(),
  disabled: Type.Integer(),
});

/**
 * Measures the backlog.
 * @param pendingMax the greatest number that is counted.
 */
export function measureDeliveries(db: Queryable, pendingMax: number) {
  return one(
    db,
    Backlog,
    sql`
      with counted as (
        select next_attempt_at from webhook_deliveries where status = 'pending' limit ${pendingMax}
      )
      select (select count(*) from counted) as pending,
             coalesce((select extract(epoch from now() - min(next_attempt_at))::float8 from counted
                       where next_attempt_at <= now()), 0) as late_seconds,
             (select count(*) from webhooks where disabled_reason in ('gone', 'failing')) as disabled`,
  );
}
