import { execute, many, maybeOne, one, type Pool, type Queryable, sql, transaction } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { type StateTopic, topics } from "@mosis/types/topics";
import Type from "typebox";
import { outboxChannel } from "../outbox/append.ts";

const StateRow = Type.Object({ id: Uuid, developer_id: Uuid, has_state: Type.Boolean() });
export type StateRow = Type.Static<typeof StateRow>;

/** The table of each topic's states, and the developer in whose order they are published. */
const tables = {
  [topics.apps]: { kind: "app", rows: sql`select id, developer_id, true as has_state from apps` },
  [topics.keys]: { kind: "key", rows: sql`select id, developer_id, not disabled as has_state from api_keys` },
  [topics.restrictions]: {
    kind: "telemetry_restriction",
    rows: sql`
      select id, coalesce(developer_id, created_by) as developer_id, true as has_state
      from telemetry_restrictions`,
  },
} as const;

/** Returns rows in the order of their ids, after a given one. */
export function listStates(db: Queryable, topic: StateTopic, afterId: string, rowsMax: number) {
  return many(
    db,
    StateRow,
    sql`
      select id, developer_id, has_state from (${tables[topic].rows}) as states
      where id > ${afterId} order by id limit ${rowsMax}`,
  );
}

/** Returns the rows of some ids, in their order. A deleted row belongs to `nobody`. */
export function findStates(db: Queryable, topic: StateTopic, ids: readonly string[]) {
  return many(
    db,
    StateRow,
    sql`
      select asked.id, coalesce(developer_id, ${nobody}::uuid) as developer_id,
             coalesce(has_state, false) as has_state
      from unnest(${ids}::uuid[]) as asked (id) left join (${tables[topic].rows}) as states using (id)
      order by id`,
  );
}

/** A deleted row cannot change, so it needs no lock. */
const nobody = "00000000-0000-0000-0000-000000000000";

/**
 * Appends the current states of rows; for a deleted row, its deletion. The developers are locked first, as
 * every change of theirs locks them: what is read is then published after earlier changes, and before later
 * ones.
 */
export function appendStates(db: Pool, topic: StateTopic, rows: readonly StateRow[]): Promise<void> {
  const developers = [...new Set(rows.map((row) => row.developer_id))].toSorted();
  const { kind } = tables[topic];
  return transaction(db, async (tx) => {
    await execute(
      tx,
      sql`select pg_advisory_xact_lock(hashtextextended(id, 1)) from unnest(${developers}::text[]) as id`,
    );
    // The table's trigger writes the payload, from the row.
    await execute(
      tx,
      sql`
        with appended as (
          insert into outbox (id, aggregate_type, aggregate_id, type, developer_id, topic, record_key)
          select uuidv7(), ${kind}, id, ${`${kind}.state`}, developer_id, ${topic}, id
          from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.developer_id)}::uuid[])
            as row (id, developer_id)
          returning 1
        )
        select pg_notify(${outboxChannel}, '') from appended limit 1`,
    );
  });
}

const Waiting = Type.Object({ rows: Type.Integer() });

/** Returns the number of rows that wait to be published, counted up to a maximum. */
export async function countWaiting(db: Queryable, rowsMax: number): Promise<number> {
  const { rows } = await one(
    db,
    Waiting,
    sql`select count(*) as rows from (select from outbox limit ${rowsMax}) as waiting`,
  );
  return rows;
}

const Position = Type.Object({ position: Type.Integer() });

/** Returns the position of the last row that was appended. */
export async function lastPosition(db: Queryable): Promise<number> {
  const row = await one(db, Position, sql`select last_value as position from outbox_position`);
  return row.position;
}

const AnyWaiting = Type.Object({ is_waiting: Type.Boolean() });

/** Returns true when a row up to a position waits to be published. */
export async function isAnyWaiting(db: Queryable, position: number): Promise<boolean> {
  const row = await one(
    db,
    AnyWaiting,
    sql`select exists (select from outbox where position <= ${position}) as is_waiting`,
  );
  return row.is_waiting;
}

const Due = Type.Object({ is_due: Type.Boolean() });

/** Returns true when everything was last published with another key, too long ago, or never. */
export async function isPublicationDue(db: Queryable, signingKey: string, days: number): Promise<boolean> {
  const row = await maybeOne(
    db,
    Due,
    sql`
      select signing_key <> ${signingKey} or completed_at < now() - make_interval(days => ${days}) as is_due
      from state_publications`,
  );
  return row?.is_due ?? true;
}

export function notePublication(db: Queryable, signingKey: string) {
  return execute(
    db,
    sql`
      insert into state_publications (signing_key, completed_at) values (${signingKey}, now())
      on conflict (is_only_row) do update
      set signing_key = excluded.signing_key, completed_at = excluded.completed_at`,
  );
}

/** Makes the active relay publish everything again. */
export function forgetPublication(db: Queryable) {
  return execute(db, sql`delete from state_publications`);
}

const Raised = Type.Object({ is_raised: Type.Boolean() });

/**
 * Makes the next position greater than one that was published. A restored database hands out positions a
 * second time, and readers would ignore every change with one of them.
 * @returns true when that was necessary.
 */
export async function raisePosition(db: Queryable, published: number): Promise<boolean> {
  const row = await maybeOne(
    db,
    Raised,
    sql`
      select setval('outbox_position', ${published}) > 0 as is_raised from outbox_position
      where last_value < ${published}`,
  );
  return row?.is_raised ?? false;
}
