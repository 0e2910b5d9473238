import { execute, many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { Key, type KeyKind } from "@mosis/types/keys";
import Type from "typebox";
import { pageClause, type PageRequest, positionColumn, positioned } from "../shared/page-position.ts";
import type { Owner, Reach } from "../access/principal.ts";
import { IdRow } from "../shared/rows.ts";

/** `package_ids` is null for a key of every app; a key whose last app was deleted serves none. */
export const keyColumns = sql`
  id, name, kind, key_prefix, permissions, telemetry_events_per_second, cidrs::text[] as cidrs, disabled,
  disabled_by_key_id, quarantined_at, leaked_at, previous_ends_at as previous_secret_ends_at, last_used_at,
  expires_at, created_at, created_by_key_id, created_by_session_id,
  case when not all_apps then
    array(select package_id from api_key_apps join apps on apps.id = app_id
          where key_id = api_keys.id order by package_id)
  end as package_ids`;

export interface NewKeyRow {
  developerId: string;
  name: string;
  kind: KeyKind;
  hash: string;
  prefix: string;
  permissions: readonly string[];
  /** The apps that it serves; null for every app. */
  appIds: string[] | null;
  expiresAt: string | null;
  telemetryEventsPerSecond: number | null;
  cidrs: readonly string[];
  /** The key or the session that makes it. */
  maker: { keyId: string | null; sessionId: string | null };
}

export async function insertKey(db: Queryable, key: NewKeyRow): Promise<{ id: string }> {
  const row = await one(
    db,
    IdRow,
    sql`
      insert into api_keys (developer_id, name, kind, key_hash, key_prefix, permissions, all_apps, expires_at,
                            telemetry_events_per_second, cidrs, created_by_key_id, created_by_session_id)
      values (${key.developerId}, ${key.name}, ${key.kind}, ${key.hash}, ${key.prefix},
              ${JSON.stringify(key.permissions)}::jsonb, ${key.appIds === null},
              ${key.expiresAt}::timestamptz, ${key.telemetryEventsPerSecond}, ${withoutHostBits(key.cidrs)},
              ${key.maker.keyId}::uuid, ${key.maker.sessionId}::uuid)
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

const KeyOnPage = Type.Object({ ...Key.properties, ...positioned });

/** Returns one page and the row after it, from new to old. */
export function listOwnKeys(db: Queryable, owner: Owner, page: PageRequest) {
  return many(
    db,
    KeyOnPage,
    sql`
      select ${keyColumns}, ${positionColumn} from api_keys
      where ${ownedBy(owner)} ${pageClause(page)}`,
  );
}

/** Locks the key, so that each of several concurrent changes sees the result of the previous one. */
export function lockOwnKey(db: Queryable, owner: Owner, id: string) {
  return maybeOne(
    db,
    Key,
    sql`select ${keyColumns} from api_keys where id = ${id} and ${ownedBy(owner)} for update`,
  );
}

/** `disabled` is true when the key is disabled by itself: see `updateDisabled`. */
export type KeyValues = Pick<
  Key,
  "name" | "permissions" | "cidrs" | "disabled" | "expires_at" | "telemetry_events_per_second"
>;

export function updateKey(db: Queryable, id: string, key: KeyValues) {
  return one(
    db,
    Key,
    sql`
      update api_keys
      set name = ${key.name}, permissions = ${JSON.stringify(key.permissions)}::jsonb,
          cidrs = ${withoutHostBits(key.cidrs)}, disabled = ${key.disabled}, disabled_by_key_id = null,
          expires_at = ${key.expires_at}::timestamptz,
          telemetry_events_per_second = ${key.telemetry_events_per_second}
      where id = ${id}
      returning ${keyColumns}`,
  );
}

/**
 * Stores a new secret. A trigger keeps the hash of the previous one, which works on for the grace. An older
 * secret that still worked ends.
 */
export function updateSecret(
  db: Queryable,
  id: string,
  { hash, prefix, graceSeconds }: { hash: string; prefix: string; graceSeconds: number },
) {
  return one(
    db,
    Key,
    sql`
      update api_keys
      set previous_ends_at = now() + make_interval(secs => ${graceSeconds}::int),
          key_hash = ${hash}, key_prefix = ${prefix}, leaked_at = null
      where id = ${id}
      returning ${keyColumns}`,
  );
}

/** Deletes all keys of a developer. Returns the deleted rows. */
export function deleteKeysOf(tx: Queryable, developerId: string) {
  return many(tx, Key, sql`delete from api_keys where developer_id = ${developerId} returning ${keyColumns}`);
}

/** Stores the times of uses that telemetry has seen, to five minutes, as `touchKey` does for requests. */
export function touchKeys(db: Queryable, uses: { id: string; usedAtMs: number }[]) {
  return execute(
    db,
    sql`
      update api_keys set last_used_at = used_at
      from (select id, to_timestamp(used_at_ms / 1000) as used_at
            from unnest(${uses.map(({ id }) => id)}::uuid[],
                        ${uses.map(({ usedAtMs }) => usedAtMs)}::float8[]) as used (id, used_at_ms)) used
      where api_keys.id = used.id
        and (last_used_at is null or last_used_at <= used_at - interval '5 minutes')`,
  );
}

/** Locks the keys that serve an app until the transaction ends. */
export function lockKeysOfApp(tx: Queryable, appId: string) {
  return execute(
    tx,
    sql`
      select from api_keys where id in (select key_id from api_key_apps where app_id = ${appId})
      order by id for update`,
  );
}

/** Deletes the keys that serve only this app. Returns the deleted rows. */
export function deleteKeysOfApp(tx: Queryable, appId: string) {
  return many(
    tx,
    Key,
    sql`
      delete from api_keys
      where id in (select key_id from api_key_apps where app_id = ${appId})
        and not exists (select from api_key_apps where key_id = api_keys.id and app_id <> ${appId})
      returning ${keyColumns}`,
  );
}

const KeyIdRow = Type.Object({ key_id: Uuid });

/** Removes an app from all keys that serve it. Returns the ids of these keys. */
export function deleteAppOfKeys(tx: Queryable, appId: string) {
  return many(tx, KeyIdRow, sql`delete from api_key_apps where app_id = ${appId} returning key_id`);
}

/**
 * Puts all management keys of a developer into quarantine, and ends their previous secrets. Ingest keys work
 * on: see docs/decisions/0016-accounts.md. Returns the keys that were not in quarantine before.
 */
export function quarantineKeysOf(tx: Queryable, developerId: string) {
  return many(
    tx,
    Key,
    sql`
      update api_keys
      set quarantined_at = now(),
          previous_ends_at = case when previous_ends_at is not null then least(previous_ends_at, now()) end
      where id in (select id from api_keys
                   where developer_id = ${developerId} and kind = 'management' and quarantined_at is null
                   order by id for update)
      returning ${keyColumns}`,
  );
}

export function releaseKey(tx: Queryable, id: string) {
  return one(
    tx,
    Key,
    sql`update api_keys set quarantined_at = null where id = ${id} returning ${keyColumns}`,
  );
}

const DeveloperIdRow = Type.Object({ developer_id: Uuid });

/** Returns the developer of a key; null when there is no such key within reach. */
export function findKeyDeveloper(db: Queryable, reach: Reach, id: string) {
  return maybeOne(
    db,
    DeveloperIdRow,
    sql`select developer_id from api_keys where id = ${id} and ${reach ? ownedBy(reach) : sql`true`}`,
  );
}

/** The condition of keys that a caller sees. A key for listed apps sees only keys that serve only these. */
function ownedBy({ developerId, appIds }: Owner): Sql {
  if (appIds === null) return sql`developer_id = ${developerId}`;
  return sql`
    developer_id = ${developerId} and not all_apps
    and not exists (
      select from api_key_apps where key_id = api_keys.id and app_id <> all(${appIds}::uuid[]))`;
}

/** Returns the ranges without host bits (`192.0.2.7/24` becomes `192.0.2.0/24`), each once. */
function withoutHostBits(cidrs: readonly string[]): Sql {
  return sql`
    array(select distinct network(range::inet) as range from unnest(${[...cidrs]}::text[]) as range
          order by range)`;
}
