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
  /** Null: every app. */
  appIds: string[] | null;
  expiresAt: string | null;
  telemetryEventsPerSecond: number | null;
  cidrs: readonly string[];
  /** Who makes it: a key, or a session. */
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

/** One page and the row behind it, from new to old. */
export function listOwnKeys(db: Queryable, owner: Owner, page: PageRequest) {
  return many(
    db,
    KeyOnPage,
    sql`
      select ${keyColumns}, ${positionColumn} from api_keys
      where ${ownedBy(owner)} ${pageClause(page)}`,
  );
}

/** Locked, so that of several who change it at once each sees what the one before has left. */
export function lockOwnKey(db: Queryable, owner: Owner, id: string) {
  return maybeOne(
    db,
    Key,
    sql`select ${keyColumns} from api_keys where id = ${id} and ${ownedBy(owner)} for update`,
  );
}

/** `disabled` says whether it is so by itself: see `updateDisabled`. */
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
 * The secret that it had works on for the grace, by a trigger that keeps its hash. The one before that ends.
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

/** All keys of a developer are gone. Gives them as they were. */
export function deleteKeysOf(tx: Queryable, developerId: string) {
  return many(tx, Key, sql`delete from api_keys where developer_id = ${developerId} returning ${keyColumns}`);
}

/** Notes uses that telemetry has seen, to five minutes, as `touchKey` of access notes those of requests. */
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

/** The keys that serve an app, until the end of the transaction nobody else's to change. */
export function lockKeysOfApp(tx: Queryable, appId: string) {
  return execute(
    tx,
    sql`
      select from api_keys where id in (select key_id from api_key_apps where app_id = ${appId})
      order by id for update`,
  );
}

/** The keys that serve this app alone are gone. Gives them as they were. */
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

/** No key serves this app any more. Gives which ones did, beside other apps. */
export function deleteAppOfKeys(tx: Queryable, appId: string) {
  return many(tx, KeyIdRow, sql`delete from api_key_apps where app_id = ${appId} returning key_id`);
}

/**
 * Puts all management keys of a developer into quarantine, and ends their secrets from before a rotation.
 * Ingest keys work on: see docs/decisions/0016-accounts.md. Returns those that were not in it before.
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

/** Whose key it is; null when there is none within reach. */
export function findKeyDeveloper(db: Queryable, reach: Reach, id: string) {
  return maybeOne(
    db,
    DeveloperIdRow,
    sql`select developer_id from api_keys where id = ${id} and ${reach ? ownedBy(reach) : sql`true`}`,
  );
}

/** A key that serves listed apps alone sees the keys of those apps alone. */
function ownedBy({ developerId, appIds }: Owner): Sql {
  if (appIds === null) return sql`developer_id = ${developerId}`;
  return sql`
    developer_id = ${developerId} and not all_apps
    and not exists (
      select from api_key_apps where key_id = api_keys.id and app_id <> all(${appIds}::uuid[]))`;
}

/** `192.0.2.7/24` is `192.0.2.0/24`; each once. */
function withoutHostBits(cidrs: readonly string[]): Sql {
  return sql`
    array(select distinct network(range::inet) as range from unnest(${[...cidrs]}::text[]) as range
          order by range)`;
}
