// The keys below a key: those that it has made, and those that these have made.
import { execute, many, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Key } from "@mosis/types/keys";
import Type from "typebox";
import { IdRow } from "../shared/rows.ts";
import { keyColumns } from "./queries.ts";

/**
 * Locks all keys of the developer until the commit: nobody else can make, change or delete one, so a caller
 * sees all keys below a key. Transactions that delete keys with an app or an account lock that instead.
 */
export function lockKeysOf(tx: Queryable, developerId: string) {
  return execute(tx, sql`select pg_advisory_xact_lock(hashtextextended(${developerId}, 4))`);
}

const below = (id: string) => sql`
  with recursive made as (
    select id, 1 as depth from api_keys where created_by_key_id = ${id}
    union all
    select api_keys.id, depth + 1 from made join api_keys on created_by_key_id = made.id
  )`;

/** Returns the keys below a key, each after the one that made it. */
export function listMade(tx: Queryable, id: string) {
  return many(
    tx,
    Key,
    sql`
      ${below(id)}
      select ${keyColumns} from api_keys where id in (select id from made)
      order by (select depth from made where made.id = api_keys.id), created_at, id`,
  );
}

/** Returns true when the second key is below the first one. */
export async function hasMade(tx: Queryable, id: string, made: string): Promise<boolean> {
  const found = await maybeOne(tx, IdRow, sql`${below(id)} select id from made where id = ${made}`);
  return found !== null;
}

const WorkingKey = Type.Object({ ...Key.properties, is_ended: Type.Boolean() });

/** Returns a key; `is_ended` is true when it has expired by the clock of the database. */
export function findKey(tx: Queryable, id: string) {
  return maybeOne(
    tx,
    WorkingKey,
    sql`
      select ${keyColumns}, coalesce(expires_at <= now(), false) as is_ended
      from api_keys where id = ${id}`,
  );
}

/**
 * Disables the keys below a disabled key, or enables those below an enabled key, except keys that are
 * disabled by themselves and the keys below these. Returns the keys that have changed, which may include
 * this one.
 */
export function updateDisabled(tx: Queryable, id: string) {
  return many(
    tx,
    IdRow,
    sql`
      with recursive own as (
        select id, created_by_key_id, disabled and disabled_by_key_id is null as is_disabled from api_keys
      ),
      state as (
        select own.id, is_disabled or coalesce(maker.disabled, false) as disabled,
               case when not is_disabled and maker.disabled then maker.id end as disabled_by
        from own left join api_keys maker on maker.id = own.created_by_key_id
        where own.id = ${id}
        union all
        select own.id, is_disabled or state.disabled,
               case when not is_disabled and state.disabled then state.id end
        from state join own on own.created_by_key_id = state.id
      )
      update api_keys set disabled = state.disabled, disabled_by_key_id = disabled_by
      from state
      where api_keys.id = state.id
        and (api_keys.disabled, disabled_by_key_id) is distinct from (state.disabled, disabled_by)
      returning api_keys.id`,
  );
}

/** Disables the keys below a key, each by itself. Returns those that were not disabled by themselves. */
export function disableMade(tx: Queryable, id: string) {
  return many(
    tx,
    Key,
    sql`
      ${below(id)}
      update api_keys set disabled = true, disabled_by_key_id = null
      where id in (select id from made) and not (disabled and disabled_by_key_id is null)
      returning ${keyColumns}`,
  );
}

/** Deletes a key with those below it. Returns the deleted rows. */
export function deleteWithMade(tx: Queryable, id: string) {
  return many(
    tx,
    Key,
    sql`
      ${below(id)}
      delete from api_keys where id = ${id} or id in (select id from made)
      returning ${keyColumns}`,
  );
}

/** Moves a key to the session that adopts it. If it was disabled with its maker, it is disabled by itself. */
export function updateAdopted(tx: Queryable, id: string, sessionId: string) {
  return execute(
    tx,
    sql`
      update api_keys
      set created_by_key_id = null, created_by_session_id = ${sessionId}, disabled_by_key_id = null
      where id = ${id}`,
  );
}
