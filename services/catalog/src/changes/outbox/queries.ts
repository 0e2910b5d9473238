import { execute, many, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable } from "@mosis/types/formats";
import { type Topic, topics } from "@mosis/types/topics";
import Type from "typebox";
import { readersByResource, readsEveryEvent } from "../../access/event-readers.ts";

/** The channel that is notified when there is something for a webhook to deliver. */
export const deliveriesChannel = "webhook_deliveries";

/** A row as the relay sends it. */
const OutgoingRow = Type.Object({
  position: Type.Integer(),
  topic: Type.Unsafe<Topic>(Type.String()),
  record_key: Type.String(),
  payload: Nullable(Type.String()),
});
export type OutgoingRow = Type.Static<typeof OutgoingRow>;

const Backlog = Type.Object({
  pending: Type.Integer(),
  age_seconds: Type.Number(),
  quarantined: Type.Integer(),
});

/**
 * Returns the oldest rows that are not published yet. A row of the same developer that is committed later has
 * a greater position: the trigger of the table guarantees that. Rows of others may still appear between them.
 */
export function readOutbox(db: Queryable, rowsMax: number) {
  return many(
    db,
    OutgoingRow,
    sql`select position, topic, record_key, payload::text from outbox order by position limit ${rowsMax}`,
  );
}

/**
 * Deletes the published rows. The same statement makes a delivery of each audit event for each webhook of its
 * developer that asks for its type and may hear it. Therefore none is lost and none made twice, whenever the
 * relay is killed.
 */
export function deletePublished(db: Queryable, positions: number[]) {
  return execute(
    db,
    sql`
      with published as (
        delete from outbox where position = any(${positions}::bigint[])
        returning id, developer_id, type, topic, payload
      ), delivered as (
        insert into webhook_deliveries (id, developer_id, webhook_id, event_id, type, event)
        select uuidv7(), developer_id, webhook_id, published.id, type, payload
        from published
        left join unnest(${readersByResource.resources}::text[], ${readersByResource.permissions}::text[])
          as reader (resource, permission) on resource = split_part(type, '.', 1), lateral (
          select webhooks.id as webhook_id from webhooks
          where webhooks.developer_id = published.developer_id
            and disabled_at is null and quarantined_at is null
            and event_types && array['*', split_part(type, '.', 1) || '.*', type]::varchar[]
            and (webhooks.permissions is null
                 or webhooks.permissions && array[${readsEveryEvent}, reader.permission]::varchar[])
          -- Fences off a join, which reads everybody's webhooks: three times the time of the statement.
          offset 0
        ) as asking
        where topic = ${topics.audit}
        on conflict (webhook_id, event_id) do nothing
        returning 1
      )
      select pg_notify(${deliveriesChannel}, '') from delivered limit 1`,
  );
}

/** Moves a row into quarantine with the reason, in one statement. */
export function quarantineRow(db: Queryable, position: number, reason: string) {
  return execute(
    db,
    sql`
      with refused as (delete from outbox where position = ${position} returning ${rowColumns})
      insert into outbox_quarantine (${rowColumns}, reason) select ${rowColumns}, ${reason} from refused`,
  );
}

const rowColumns = sql`
  position, id, aggregate_type, aggregate_id, type, payload, created_at, developer_id, topic, record_key,
  transaction_id`;

/**
 * Measures the backlog.
 * @param pendingMax the greatest number that is counted: counting a long backlog is slow, and its exact
 * length does not matter.
 */
export function measureBacklog(db: Queryable, pendingMax: number) {
  return one(
    db,
    Backlog,
    sql`
      select (select count(*) from (select from outbox limit ${pendingMax}) as counted) as pending,
             coalesce((select extract(epoch from now() - created_at)::float8
                       from outbox order by position limit 1), 0) as age_seconds,
             (select count(*) from outbox_quarantine) as quarantined`,
  );
}
