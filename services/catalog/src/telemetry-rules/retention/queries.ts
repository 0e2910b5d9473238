import { execute, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Retention } from "@mosis/types/retention";
import Type from "typebox";
import { appsWithin } from "../../access/apps.ts";
import type { Reach } from "../../access/principal.ts";
import { OwnedRow } from "../../shared/rows.ts";

export function findRetention(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    Retention,
    sql`select telemetry_days from apps where package_id = ${packageId} and ${appsWithin(reach)}`,
  );
}

const LockedRetention = Type.Object({ ...OwnedRow.properties, ...Retention.properties });

/** Locks the retention of an app until the transaction ends. Returns it with the app's developer. */
export function lockRetention(tx: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    tx,
    LockedRetention,
    sql`
      select id, developer_id, telemetry_days from apps
      where package_id = ${packageId} and ${appsWithin(reach)}
      for no key update`,
  );
}

export function updateRetention(tx: Queryable, appId: string, { telemetry_days }: Retention) {
  return execute(tx, sql`update apps set telemetry_days = ${telemetry_days} where id = ${appId}`);
}
