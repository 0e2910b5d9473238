import { createHash } from "node:crypto";
import { type TelemetryConfig, telemetryLimits } from "@mosis/types/telemetry";
import { Router } from "express";
import type { Authenticate } from "../../auth.ts";

/** How long a client may go by what it has: the time until a change has reached all of them. */
const configAgeSecondsMax = 300;

/** The same for every app today. */
const config: TelemetryConfig = {
  batch: { events_max: 200, bytes_max: 262_144, age_ms_max: 5_000 },
  sampling: { rate: 1, by_name: {} },
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

export function clientConfigRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = Router();
  const body = JSON.stringify(config);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;

  router.get("/v1/telemetry/config", async (req, res) => {
    await authenticate(req, ["telemetry:write"]);
    res.set({ ETag: etag, "Cache-Control": `private, max-age=${configAgeSecondsMax}` });
    if (names(req.headers["if-none-match"], etag)) res.status(304).end();
    else res.type("application/json").send(body);
  });

  return router;
}

/**
 * If-None-Match, RFC 9110 §13.1.2. Not by Express' `req.fresh`: that says no to `Cache-Control: no-cache`,
 * which `fetch` adds to every request with an If-None-Match of its caller.
 */
function names(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => ["*", etag, `W/${etag}`].includes(tag.trim()));
}
