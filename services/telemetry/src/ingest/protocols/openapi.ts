import { type ApiDescription, openApiDocument, type OpenApiDocument, type Operation } from "@mosis/http";
import {
  BatchAccepted,
  batchHeaders,
  TelemetryBatch,
  TelemetryConfig,
  TelemetryEvent,
  telemetryLimits,
} from "@mosis/types/telemetry";
import { PackageId } from "@mosis/types/apps";
import Type from "typebox";
import { batchesPath, validatePath } from "./native.ts";
import { exampleTimeMs, rateLimitFields } from "./openapi-fields.ts";
import { otlpPaths } from "./otlp/openapi.ts";
import { segmentPaths } from "./segment/openapi.ts";

const exampleWords: Record<string, unknown> = {
  country: "DE",
  device_model: "Fairphone 5",
  duration_ms: 1200,
  kind: "event",
  locale: "de-DE",
  mosis_version: "1.4.0",
  name: "level_complete",
  network: "wifi",
  os: "android",
  os_version: "15",
  package_id: "org.mosis.chess",
  reason: "storage_full",
  result: "drop",
  // The example has a clock that is off: whenever it is sent, its event has just happened.
  sent_at: "2026-11-25T10:00:02Z",
  time: "2026-11-25T10:00:00Z",
  version_code: 42,
};

/** The body as a client should send it: with the schema of its events, which the server checks one by one. */
const Batch = Type.Object({
  ...TelemetryBatch.properties,
  events: Type.Array(TelemetryEvent, { maxItems: telemetryLimits.eventsPerBatchMax }),
});

const batchOperation = {
  method: "post",
  access: "telemetry:write",
  body: Batch,
  problems: ["not_found", "request_timeout", "batch_invalid", "app_required"],
} satisfies Partial<Operation>;

const api: ApiDescription = {
  title: "Mosis telemetry ingest",
  version: "1",
  description:
    "Accepts telemetry of apps. One bad event never fails its batch: `results` reports what became of " +
    "every event that was not plainly accepted. The answer comes after the events are on all in-sync " +
    "replicas. Retry 408, 429 and 5xx with the same batch_id, never another 4xx. Bodies are JSON, or " +
    "NDJSON with one event a line and the other fields of the batch in headers, plain or with the coding " +
    `gzip, deflate, br or zstd, at most ${telemetryLimits.bodyBytesMax} bytes as sent and ` +
    `${telemetryLimits.inflatedBytesMax} inflated.`,
  tags: {
    telemetry: "Batches of events, and how an SDK should send them.",
    logs: "OpenTelemetry: see docs/otlp.md.",
    segment: "Segment's HTTP API: see docs/segment.md.",
  },
  words: exampleWords,
  schemas: { TelemetryBatch: Batch, TelemetryEvent, BatchAccepted, TelemetryConfig },
  operations: [
    {
      ...batchOperation,
      path: batchesPath,
      id: "sendTelemetryBatch",
      summary: "Send events of one app",
      answers: {
        202: {
          description: "Stored durably.",
          body: BatchAccepted,
          headers: { Location: "The receipt of the batch, on the query service.", ...rateLimitFields },
        },
      },
      problems: [...batchOperation.problems, "rate_limited", "quota_exceeded"],
    },
    {
      ...batchOperation,
      path: validatePath,
      id: "validateTelemetryBatch",
      summary: "Check what would become of a batch, without storing anything",
      answers: { 200: { description: "The answer that sending it would get.", body: BatchAccepted } },
    },
    {
      method: "get",
      path: "/v1/telemetry/config",
      id: "getTelemetryConfig",
      summary: "Get how an SDK should send: batches, sampling, limits",
      access: "telemetry:write",
      query: Type.Object({ package_id: Type.Optional(PackageId) }),
      requestHeaders: { "If-None-Match": "The ETag of the config that the client has." },
      problems: ["not_found"],
      answers: {
        200: {
          description: "The config. It is valid for as long as Cache-Control says.",
          body: TelemetryConfig,
          headers: { ETag: "Send it as If-None-Match.", "Cache-Control": "How long it is valid." },
        },
        304: { description: "The config that If-None-Match names is the current one." },
      },
    },
  ],
};

/** Returns the document that ingest serves as `/openapi.json`. */
export function ingestDocument(): OpenApiDocument {
  const document = openApiDocument(api);
  for (const path of [batchesPath, validatePath]) addLines(document.paths[path]?.["post"]);
  Object.assign(document.paths, otlpPaths, segmentPaths);
  const { securitySchemes } = document.components as { securitySchemes: object };
  const description = "The secret of a key as the name, without a password.";
  Object.assign(securitySchemes, { basic: { type: "http", scheme: "basic", description } });
  return document;
}

/** The parts of an operation that are extended. */
interface Described {
  parameters?: object[];
  requestBody?: { content: Record<string, object> };
}

const lines = ["0199c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f", "0199c0de-7a1b-7c3d-8e4f-5a6b7c8d9e10"]
  .map((event_id) => `${JSON.stringify({ event_id, name: "level_start", time: exampleTimeMs })}\n`)
  .join("");

/** Adds the second form of the body. OpenAPI 3.1 has no word for the schema of a line. */
function addLines(operation: Described | undefined): void {
  if (!operation?.requestBody) throw new Error("The operation of a batch is not there or has no body");
  operation.requestBody.content["application/x-ndjson"] = {
    schema: { type: "string", description: "One TelemetryEvent a line. Blank lines are ignored." },
    example: lines,
  };
  operation.parameters = Object.entries(batchHeaders).map(([field, name]) => {
    const schema = TelemetryBatch.properties[field as keyof typeof batchHeaders];
    const isText = field === "batch_id" || field === "package_id" || field === "sent_at";
    return {
      name,
      in: "header",
      required: false,
      description: `The field ${field} of an NDJSON body${field === "batch_id" ? ", required there" : ""}.`,
      ...(isText ? { schema } : { content: { "application/json": { schema } } }),
    };
  });
}
