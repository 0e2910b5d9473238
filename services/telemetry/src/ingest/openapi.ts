import type { ApiDescription } from "@mosis/http";
import { BatchAccepted, TelemetryBatch, TelemetryEvent, telemetryLimits } from "@mosis/types/telemetry";
import Type from "typebox";

/** The body as a client should send it: with the schema of its events, which the server checks one by one. */
const Batch = Type.Object({
  ...TelemetryBatch.properties,
  events: Type.Array(TelemetryEvent, { maxItems: telemetryLimits.eventsPerBatchMax }),
});

/** What `/openapi.json` of ingest tells. */
export const ingestApi: ApiDescription = {
  title: "Mosis telemetry ingest",
  version: "1",
  description:
    "Takes telemetry of apps. One bad event never fails its batch: `results` tells what became of " +
    "every event that was not plainly accepted. The answer comes after the events are on all in-sync " +
    "replicas. Retry 408, 429 and 5xx with the same batch_id, never another 4xx. Bodies are JSON, plain " +
    "or with the content coding gzip, deflate, br or zstd, at most " +
    `${telemetryLimits.bodyBytesMax} bytes as sent and ${telemetryLimits.inflatedBytesMax} inflated.`,
  schemas: { TelemetryBatch: Batch, TelemetryEvent, BatchAccepted },
  operations: [
    {
      method: "post",
      path: "/v1/telemetry/batches",
      id: "sendTelemetryBatch",
      summary: "Send events of one app",
      access: "telemetry:write",
      body: Batch,
      answers: {
        202: {
          description: "Stored durably.",
          body: BatchAccepted,
          headers: { Location: "The receipt of the batch, on the query service." },
        },
      },
      problems: ["not_found", "request_timeout", "batch_invalid", "app_required", "unavailable"],
    },
  ],
};
