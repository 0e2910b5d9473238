import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { TelemetryLimits, type TelemetryLimitsChange } from "@mosis/types/telemetry-limits";
import Type from "typebox";
import { appsWithin } from "../../access/apps.ts";
import type { Reach } from "../../access/principal.ts";
import { AppIdRow, OwnedRow } from "../../shared/rows.ts";

/** The limits in force. They are lower than the stored ones until the developer's address is confirmed. */
const limitColumns = sql`
  allowed_events_per_day(developer_id, telemetry_events_per_day) as telemetry_events_per_day,
  telemetry_events_per_second`;

export function findLimits(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    TelemetryLimits,
    sql`select ${limitColumns} from apps where package_id = ${packageId} and ${appsWithin(reach)}`,
  );
}

const LockedLimits = Type.Object({ ...OwnedRow.properties, ...TelemetryLimits.properties });

/** Locks the limits of an app until the transaction ends. Returns them with the app's developer. */
export function lockLimits(tx: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    tx,
    LockedLimits,
    sql`
      select id, developer_id, ${limitColumns} from apps
      where package_id = ${packageId} and ${appsWithin(reach)}
      for no key update`,
  );
}

/** @param change may omit limits. These keep their stored values, which may be higher than those in force. */
export function updateLimits(tx: Queryable, appId: string, change: TelemetryLimitsChange) {
  return one(
    tx,
    TelemetryLimits,
    sql`
      update apps
      set telemetry_events_per_day =
            coalesce(${change.telemetry_events_per_day ?? null}, telemetry_events_per_day),
          telemetry_events_per_second =
            coalesce(${change.telemetry_events_per_second ?? null}, telemetry_events_per_second)
      where id = ${appId}
      returning ${limitColumns}`,
  );
}

const AppLimits = Type.Object({ ...AppIdRow.properties, ...TelemetryLimits.properties });

/** Returns the current limits of every app of a developer. */
export function listLimits(tx: Queryable, developerId: string) {
  return many(
    tx,
    AppLimits,
    sql`select id, package_id, ${limitColumns} from apps where developer_id = ${developerId} order by id`,
  );
}
