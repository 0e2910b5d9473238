import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { TelemetryLimits, type TelemetryLimitsChange } from "@mosis/types/telemetry-limits";
import Type from "typebox";
import { appsWithin } from "../../access/apps.ts";
import type { Reach } from "../../access/principal.ts";
import { AppIdRow, OwnedRow } from "../../shared/rows.ts";

/** What is taken: less than is stored while the developer's address is not confirmed. */
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

/** The limits with whose app it is, until the end of the transaction nobody else's to change. */
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

/** @param change what is left out stays as it is stored, which may be more than is taken. */
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

/** The limits of every app of a developer, as they are now. */
export function listLimits(tx: Queryable, developerId: string) {
  return many(
    tx,
    AppLimits,
    sql`select id, package_id, ${limitColumns} from apps where developer_id = ${developerId} order by id`,
  );
}
