import { maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Timestamp, Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { appsWithin } from "../../access/apps.ts";
import type { Reach } from "../../access/principal.ts";
import { OwnedRow } from "../../shared/rows.ts";

/** Locks an app, so that its erasures are requested one by one. Returns it with its developer. */
export function lockApp(tx: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    tx,
    OwnedRow,
    sql`
      select id, developer_id from apps where package_id = ${packageId} and ${appsWithin(reach)}
      for no key update`,
  );
}

const Usage = Type.Object({ count: Type.Integer(), free_in_seconds: Type.Integer() });

/** Counts the erasures of an app in the last 24 hours, and the seconds until the first of them is older. */
export function usageOfDay(tx: Queryable, appId: string) {
  return one(
    tx,
    Usage,
    sql`
      select count(*) as count,
             coalesce(ceil(extract(epoch from min(requested_at) + interval '24 hours' - now())), 0)::int
               as free_in_seconds
      from telemetry_erasures
      where app_id = ${appId} and requested_at > now() - interval '24 hours'`,
  );
}

const Erasure = Type.Object({ id: Uuid, app_id: Uuid, install_hash: Type.String(), requested_at: Timestamp });

export function insertErasure(tx: Queryable, appId: string, installHash: string) {
  return one(
    tx,
    Erasure,
    sql`
      insert into telemetry_erasures (app_id, install_hash) values (${appId}, ${installHash})
      returning id, app_id, install_hash, requested_at`,
  );
}
