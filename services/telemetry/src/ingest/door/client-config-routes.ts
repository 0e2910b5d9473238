import { etagOf, isKnown, parse, problem, createRouter } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { type TelemetryConfig, telemetryLimits } from "@mosis/types/telemetry";
import type { Router } from "express";
import Type from "typebox";
import type { AccessTable, Grant } from "../../access/access-table.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import type { Rule } from "../events/delivery.ts";
import type { RestrictionTable } from "../judging/restrictions.ts";

/** How long a client may use its copy: the time until a change has reached all clients. */
const configAgeSecondsMax = 300;

/** The settings that are the same for every app. */
const shared: Omit<TelemetryConfig, "sampling"> = {
  batch: { events_max: 200, bytes_max: 262_144, age_ms_max: 5_000 },
  limits: {
    body_bytes_max: telemetryLimits.bodyBytesMax,
    inflated_bytes_max: telemetryLimits.inflatedBytesMax,
    events_per_batch_max: telemetryLimits.eventsPerBatchMax,
    discarded_reasons_max: telemetryLimits.discardedReasonsMax,
    event_bytes_max: telemetryLimits.eventBytesMax,
    properties_per_event_max: telemetryLimits.propertiesPerEventMax,
    name_length_max: telemetryLimits.nameLengthMax,
    property_key_length_max: telemetryLimits.propertyKeyLengthMax,
    property_string_length_max: telemetryLimits.propertyStringLengthMax,
    event_age_days_max: telemetryLimits.eventAgeDaysMax,
    event_ahead_hours_max: telemetryLimits.eventAheadHoursMax,
    clock_skew_ms_max: telemetryLimits.clockSkewMsMax,
  },
};

interface ClientConfigDeps {
  authenticate: Authenticate;
  access: AccessTable;
  restrictions: RestrictionTable;
}

/** A key of several apps that names no package id gets the settings that hold for all of them. */
const Query = Type.Object({ package_id: Type.Optional(PackageId) }, { additionalProperties: false });

export function clientConfigRoutes({ authenticate, access, restrictions }: ClientConfigDeps): Router {
  const router = createRouter();

  router.get("/v1/telemetry/config", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:write"]);
    const { package_id } = parse(Query, req.query, "query");
    const appId = appIdOf(access, grant, package_id);
    const sampling = samplingOf(restrictions, appId, grant);
    const body = JSON.stringify({ batch: shared.batch, sampling, limits: shared.limits });
    const etag = etagOf(body);
    res.set({ ETag: etag, "Cache-Control": `private, max-age=${configAgeSecondsMax}` });
    if (isKnown(req, etag)) res.status(304).end();
    else res.type("application/json").send(body);
  });

  return router;
}

function appIdOf(access: AccessTable, grant: Grant, packageId: string | undefined): string | null {
  const app = access.appOf(grant, packageId);
  if (app === "app_required") return null;
  if (app === "not_found") throw problem("not_found", "There is no such app.");
  return app.appId;
}

/**
 * Returns the sampling that clients should do: events that ingest would drop should not be sent. Events that
 * it would set aside have to be sent.
 */
function samplingOf(
  restrictions: RestrictionTable,
  appId: string | null,
  grant: Grant,
): TelemetryConfig["sampling"] {
  const rules = restrictions.rulesOf(appId, grant, Date.now());
  if (!rules) return { rate: 1, by_name: {} };
  const entries = [...rules.byName].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    rate: rules.every ? rateOf(rules.every) : 1,
    by_name: Object.fromEntries(entries.map(([name, rule]) => [name, rateOf(rule)])),
  };
}

function rateOf({ action, rate }: Rule): number {
  return action === "quarantine" ? 1 : rate;
}
