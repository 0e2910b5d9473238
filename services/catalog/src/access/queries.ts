import { isIP } from "node:net";
import { execute, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Role } from "@mosis/types/developers";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import { KeyKind } from "@mosis/types/keys";
import { SecondFactor } from "@mosis/types/second-factors";
import Type from "typebox";
import { IdRow } from "../shared/rows.ts";

// These are the look-ups of keys and sessions that every request makes.

const KeyRow = Type.Object({
  id: Uuid,
  developer_id: Uuid,
  kind: KeyKind,
  permissions: Type.Array(Type.String()),
  app_ids: Nullable(Type.Array(Uuid)),
  expires_at: Nullable(Timestamp),
  /** True when the key has a new secret, and this one still works for its grace. */
  is_rotated_out: Type.Boolean(),
  /** The end of this secret, which may be before the end of its key. */
  secret_ends_at: Nullable(Timestamp),
  telemetry_events_per_second: Nullable(Type.Integer()),
  cidrs: Type.Array(Type.String()),
  quarantined: Type.Boolean(),
  is_touch_due: Type.Boolean(),
});

/** Null for a key of every app. */
const appIdsColumn = sql`
  case when not all_apps then array(select app_id from api_key_apps where key_id = api_keys.id)
  end as app_ids`;

const keyTouchDue = sql`last_used_at is null or last_used_at < now() - interval '5 minutes'`;

/** Returns null when the secret is unknown, or it or its key has ended. */
export function findKeyByHash(db: Queryable, hash: string) {
  return maybeOne(
    db,
    KeyRow,
    sql`
      select id, api_keys.developer_id, kind, permissions, expires_at, telemetry_events_per_second,
             cidrs::text[] as cidrs, ${appIdsColumn}, quarantined_at is not null as quarantined,
             ${keyTouchDue} as is_touch_due,
             is_previous as is_rotated_out,
             case when is_previous then least(expires_at, previous_ends_at)
                  else expires_at end as secret_ends_at
      from keys_of(array[${hash}]) as presented join api_keys on id = key_id
      where (not is_previous or previous_ends_at > now())
        and not disabled and (expires_at is null or expires_at > now())`,
  );
}

const KeyPermissions = Type.Pick(KeyRow, ["permissions"]);

/** Returns the permissions of a key that works, and locks it in share mode until the transaction ends. */
export function shareKey(tx: Queryable, id: string) {
  return maybeOne(
    tx,
    KeyPermissions,
    sql`
      select permissions from api_keys
      where id = ${id} and not disabled and (expires_at is null or expires_at > now())
      for share`,
  );
}

/**
 * Records that a key is in use, once in five minutes: a write for each request would cost more than the
 * request.
 */
export function touchKey(db: Queryable, id: string) {
  return execute(
    db,
    sql`update api_keys set last_used_at = now() where id = ${id} and (${keyTouchDue}) and ${asyncCommit}`,
  );
}

const SessionRow = Type.Object({
  id: Uuid,
  developer_id: Uuid,
  role: Role,
  second_factor: Nullable(SecondFactor),
  /** The end when no other request comes. */
  ends_at: Timestamp,
  is_touch_due: Type.Boolean(),
});

/** The end of a session when no other request comes. */
export const idleExpiresAt = sql`(last_used_at + make_interval(mins => idle_minutes))`;
/** The condition on rows of `sessions` that have not ended by time. */
export const isAlive = sql`expires_at > now() and ${idleExpiresAt} > now()`;
const sessionTouchDue = sql`last_used_at < now() - interval '5 minutes'`;

/** Returns null when the token is unknown or its session has ended. */
export function findSession(db: Queryable, tokenHash: string) {
  return maybeOne(
    db,
    SessionRow,
    sql`
      select sessions.id, developer_id, role, second_factor, least(expires_at, ${idleExpiresAt}) as ends_at,
             ${sessionTouchDue} as is_touch_due
      from sessions join developers on developers.id = developer_id
      where sessions.id = session_id_of(${tokenHash}) and ${isAlive}`,
  );
}

/**
 * Records that a session is in use, and from which address, every five minutes: a write for each request
 * would cost more than the request.
 */
export function touchSession(db: Queryable, id: string, address: string | null) {
  return execute(
    db,
    sql`
      update sessions set last_used_at = now(), last_address = ${address}
      where id = ${id} and ${sessionTouchDue} and ${asyncCommit}`,
  );
}

/**
 * The time for which a session is recent after its developer has proved their identity in it.
 * @limit a session is recent after its developer has proved who they are
 */
const recentMinutes = 10;
export const recentFor = sql`make_interval(mins => ${recentMinutes}::int)`;

/**
 * Returns the session when its developer has signed in, or proved their identity again, within ten minutes. A
 * second factor is required if one is enrolled. Returns null otherwise.
 */
export function findRecentSession(db: Queryable, { id, developerId }: { id: string; developerId: string }) {
  return maybeOne(
    db,
    IdRow,
    sql`
      select id from sessions
      where id = ${id} and developer_id = ${developerId}
        and greatest(created_at, second_factor_at, reauthenticated_at) > now() - ${recentFor}
        and (second_factor is not null
             or not exists (select from totps
                            where developer_id = ${developerId} and confirmed_at is not null)
            and not exists (select from passkeys where developer_id = ${developerId}))`,
  );
}

/**
 * Returns an address in the form that a column takes: without the zone of a link-local one. Returns null when
 * the client has gone.
 */
export function storedAddress(address: string): string | null {
  const [plain = ""] = address.split("%", 1);
  return isIP(plain) === 0 ? null : plain;
}

/**
 * A condition that always holds, for a statement outside of a transaction: its commit does not wait for the
 * disk. A crash of PostgreSQL loses up to 0.6 s of such changes, so use it only for changes that come again.
 */
const asyncCommit = sql`set_config('synchronous_commit', 'off', true) = 'off'`;
