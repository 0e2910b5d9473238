import { execute, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { TelemetryLimits } from "@mosis/types/telemetry-limits";
import Type from "typebox";
import { within } from "../apps/queries.ts";
import type { Reach } from "../principal.ts";
import { OwnedRow } from "../rows.ts";

const limitColumns = sql`telemetry_events_per_day, telemetry_events_per_second`;

export function findLimits(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    TelemetryLimits,
    sql`select ${limitColumns} from apps where package_id = ${packageId} and ${within(reach)}`,
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
      where package_id = ${packageId} and ${within(reach)}
      for no key update`,
  );
}

export function updateLimits(tx: Queryable, appId: string, limits: TelemetryLimits) {
  return execute(
    tx,
    sql`
      update apps
      set telemetry_events_per_day = ${limits.telemetry_events_per_day},
          telemetry_events_per_second = ${limits.telemetry_events_per_second}
      where id = ${appId}`,
  );
}
