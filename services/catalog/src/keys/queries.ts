import { execute, many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Timestamp, Uuid } from "@mosis/types/formats";
import { Key, KeyKind } from "@mosis/types/keys";
import Type from "typebox";
import { pageClause, type PageRequest, positionColumn, positioned } from "../page-position.ts";
import type { Owner, Reach } from "../principal.ts";

/** `package_ids` is null for a key of every app; a key whose last app was deleted serves none. */
const keyColumns = sql`
  id, name, kind, key_prefix, permissions, telemetry_events_per_second, last_used_at, expires_at, created_at,
  case when not all_apps then
    array(select package_id from api_key_apps join apps on apps.id = app_id
          where key_id = api_keys.id order by package_id)
  end as package_ids`;

const Credential = Type.Object({
  id: Uuid,
  developer_id: Uuid,
  kind: KeyKind,
  permissions: Type.Array(Type.String()),
  app_ids: Type.Union([Type.Array(Uuid), Type.Null()]),
  expires_at: Type.Union([Timestamp, Type.Null()]),
  telemetry_events_per_second: Type.Union([Type.Integer(), Type.Null()]),
  is_touch_due: Type.Boolean(),
});

export interface NewKeyRow {
  developerId: string;
  name: string;
  kind: KeyKind;
  hash: string;
  prefix: string;
  permissions: readonly string[];
  /** Null: every app. */
  appIds: string[] | null;
  expiresAt: string | null;
  telemetryEventsPerSecond: number | null;
}

export async function insertKey(db: Queryable, key: NewKeyRow): Promise<{ id: string }> {
  const row = await one(
    db,
    Type.Object({ id: Uuid }),
    sql`
      insert into api_keys (developer_id, name, kind, key_hash, key_prefix, permissions, all_apps, expires_at,
                            telemetry_events_per_second)
      values (${key.developerId}, ${key.name}, ${key.kind}, ${key.hash}, ${key.prefix},
              ${JSON.stringify(key.permissions)}::jsonb, ${key.appIds === null},
              ${key.expiresAt}::timestamptz, ${key.telemetryEventsPerSecond})
      returning id`,
  );
  if (key.appIds !== null) {
    await execute(
      db,
      sql`insert into api_key_apps (key_id, app_id) select ${row.id}, unnest(${key.appIds}::uuid[])`,
    );
  }
  return row;
}

export function findOwnKey(db: Queryable, owner: Owner, id: string) {
  return maybeOne(db, Key, sql`select ${keyColumns} from api_keys where id = ${id} and ${ownedBy(owner)}`);
}

/** One page and the row behind it, from new to old. */
export function listOwnKeys(db: Queryable, owner: Owner, page: PageRequest) {
  return many(
    db,
    Type.Object({ ...Key.properties, ...positioned }),
    sql`
      select ${keyColumns}, ${positionColumn} from api_keys
      where ${ownedBy(owner)} ${pageClause(page)}`,
  );
}

/** The key as it was, or null when there is none. Of two who delete it at once, one gets it. */
export async function deleteOwnKey(db: Queryable, owner: Owner, id: string) {
  // A statement of its own: the rows of api_key_apps go with the key, so its apps must be read before.
  const key = await maybeOne(
    db,
    Key,
    sql`select ${keyColumns} from api_keys where id = ${id} and ${ownedBy(owner)} for update`,
  );
  if (key) await execute(db, sql`delete from api_keys where id = ${id}`);
  return key;
}

const touchDue = sql`last_used_at is null or last_used_at < now() - interval '1 minute'`;

/** Null when the key is unknown or has expired. */
export function findKeyByHash(db: Queryable, hash: string) {
  return maybeOne(
    db,
    Credential,
    sql`
      select id, developer_id, kind, permissions, expires_at, telemetry_events_per_second,
             case when not all_apps then
               array(select app_id from api_key_apps where key_id = id)
             end as app_ids,
             ${touchDue} as is_touch_due
      from api_keys
      where key_hash = ${hash} and (expires_at is null or expires_at > now())`,
  );
}

/** Notes that a key is in use, to the minute: a write a request would cost more than the request. */
export function touchKey(db: Queryable, id: string) {
  return execute(db, sql`update api_keys set last_used_at = now() where id = ${id} and (${touchDue})`);
}

/** Whose key it is; null when there is none within reach. */
export function findKeyDeveloper(db: Queryable, reach: Reach, id: string) {
  return maybeOne(
    db,
    Type.Object({ developer_id: Uuid }),
    sql`select developer_id from api_keys where id = ${id} and ${reach ? ownedBy(reach) : sql`true`}`,
  );
}

/** A key that serves listed apps alone sees the keys of those apps alone. */
function ownedBy({ developerId, appIds }: Owner): Sql {
  return sql`
    developer_id = ${developerId}
    and (${appIds}::uuid[] is null
         or not all_apps and not exists (
           select from api_key_apps where key_id = api_keys.id and app_id <> all(${appIds}::uuid[])))`;
}
