import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Webhook } from "@mosis/types/webhooks";
import Type from "typebox";
import { lockDeveloper } from "../../developers/queries.ts";
import { pageClause, type PageRequest, positionColumn, positioned } from "../../shared/page-position.ts";
import { CountRow, IdRow } from "../../shared/rows.ts";

export const webhookColumns = sql`
  id, url, event_types, description, disabled_at is not null as disabled, disabled_at, disabled_reason,
  quarantined_at, failing_since, created_at,
  case when previous_secret_until > now() then previous_secret_until end as previous_secret_until,
  updated_at,
  case when quarantined_at is not null then array['confirm', 'rotate_secret']
       when disabled_at is null then array['ping', 'rotate_secret']
       else array['rotate_secret'] end as allowed_actions`;

export interface NewWebhookRow {
  id: string;
  url: string;
  host: string;
  eventTypes: string[];
  description: string;
  /** The encrypted secret. */
  secret: Buffer;
  setter: Setter;
}

/**
 * The principal who set the address and the event types. Their permissions decide what the webhook may hear.
 */
export interface Setter {
  /** The key that has set it; null for a session. */
  keyId: string | null;
  /** The permissions of the setter; null when every permission is granted. */
  permissions: string[] | null;
}

export function insertWebhook(tx: Queryable, developerId: string, row: NewWebhookRow) {
  return one(
    tx,
    Webhook,
    sql`
      insert into webhooks (id, developer_id, url, host, event_types, description, secret, set_by_key_id,
                            permissions)
      values (${row.id}, ${developerId}, ${row.url}, ${row.host}, ${row.eventTypes}, ${row.description},
              ${row.secret}, ${row.setter.keyId}::uuid, ${row.setter.permissions}::varchar[])
      returning ${webhookColumns}`,
  );
}

export function findOwnWebhook(db: Queryable, developerId: string, id: string) {
  return maybeOne(
    db,
    Webhook,
    sql`select ${webhookColumns} from webhooks where id = ${id} and developer_id = ${developerId}`,
  );
}

const WebhookOnPage = Type.Object({ ...Webhook.properties, ...positioned });

/** Returns one page and the row after it, newest first. */
export function listOwnWebhooks(db: Queryable, developerId: string, page: PageRequest) {
  return many(
    db,
    WebhookOnPage,
    sql`
      select ${webhookColumns}, ${positionColumn} from webhooks
      where developer_id = ${developerId} ${pageClause(page)}`,
  );
}

/** Locks the webhook until the transaction ends. */
export function lockOwnWebhook(tx: Queryable, developerId: string, id: string) {
  return maybeOne(
    tx,
    Webhook,
    sql`select ${webhookColumns} from webhooks where id = ${id} and developer_id = ${developerId} for update`,
  );
}

export interface WebhookUpdate {
  url: string;
  /** The host of the new url; null when the url is unchanged. */
  host: string | null;
  event_types: string[];
  description: string;
  disabled: boolean;
  /** The new setter; null when url and event_types were not set, so that the events stay the same. */
  setter: Setter | null;
}

/** Updates a locked webhook. A new address, or enabling it again, resets its failures. */
export function updateLocked(tx: Queryable, id: string, change: WebhookUpdate) {
  const { url, host, event_types: eventTypes, description, disabled, setter } = change;
  const isSet = setter !== null;
  return one(
    tx,
    Webhook,
    sql`
      update webhooks set
        url = ${url}, host = coalesce(${host}, host), event_types = ${eventTypes},
        description = ${description},
        disabled_at = case when ${disabled}::boolean then coalesce(disabled_at, now()) end,
        disabled_reason = case when ${disabled}::boolean then coalesce(disabled_reason, 'by_developer') end,
        failing_since = case when url = ${url} and disabled_at is null then failing_since end,
        set_by_key_id = case when ${isSet}::boolean then ${setter?.keyId ?? null}::uuid
                             else set_by_key_id end,
        permissions = case when ${isSet}::boolean then ${setter?.permissions ?? null}::varchar[]
                           else permissions end,
        updated_at = now()
      where id = ${id}
      returning ${webhookColumns}`,
  );
}

/** Returns true when the same principal has set the webhook, with the same permissions. */
export async function isSetBy(tx: Queryable, id: string, setter: Setter): Promise<boolean> {
  const found = await maybeOne(
    tx,
    IdRow,
    sql`
      select id from webhooks
      where id = ${id} and set_by_key_id is not distinct from ${setter.keyId}::uuid
        and permissions is not distinct from ${setter.permissions}::varchar[]`,
  );
  return found !== null;
}

/**
 * Stores a new secret. A trigger keeps the previous one, which also signs for `graceHours`. An older one
 * signs no more.
 */
export function rotateLocked(tx: Queryable, id: string, secret: Buffer, graceHours: number) {
  return one(
    tx,
    Webhook,
    sql`
      update webhooks set
        previous_secret_until = now() + make_interval(hours => ${graceHours}),
        secret = ${secret}, updated_at = now()
      where id = ${id}
      returning ${webhookColumns}`,
  );
}

/**
 * Deletes the webhook with its deliveries, and returns it. When two callers delete it at once, one gets it.
 */
export async function deleteLocked(tx: Queryable, id: string): Promise<void> {
  await one(tx, IdRow, sql`delete from webhooks where id = ${id} returning id`);
}

/** Deletes all webhooks of a developer with their pending deliveries. Returns the webhooks. */
export function deleteWebhooksOf(tx: Queryable, developerId: string) {
  return many(
    tx,
    Webhook,
    sql`delete from webhooks where developer_id = ${developerId} returning ${webhookColumns}`,
  );
}

/** Puts all webhooks of a developer into quarantine. Returns those that were not in it before. */
export function quarantineWebhooksOf(tx: Queryable, developerId: string) {
  return many(
    tx,
    Webhook,
    sql`
      update webhooks set quarantined_at = now(), updated_at = now()
      where id in (select id from webhooks where developer_id = ${developerId} and quarantined_at is null
                   order by id for update)
      returning ${webhookColumns}`,
  );
}

export function releaseLocked(tx: Queryable, id: string) {
  return one(
    tx,
    Webhook,
    sql`
      update webhooks set quarantined_at = null, updated_at = now() where id = ${id}
      returning ${webhookColumns}`,
  );
}

/**
 * Returns the number of a developer's webhooks. The lock stops others from counting for the same developer
 * until the commit.
 */
export async function countLocked(tx: Queryable, developerId: string): Promise<number> {
  // This is a statement of its own: the next one then sees what the transaction that held the lock has
  // committed.
  await lockDeveloper(tx, developerId);
  const { count } = await one(
    tx,
    CountRow,
    sql`select count(*) as count from webhooks where developer_id = ${developerId}`,
  );
  return count;
}
