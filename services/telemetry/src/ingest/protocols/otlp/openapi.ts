import { exampleTimeMs, fieldsOf, limitedFields } from "../openapi-fields.ts";
import { otlpLogs } from "./protocol.ts";

const message = (description: string, type: object, example: object) => ({
  description,
  content: {
    "application/json": { schema: type, example },
    "application/x-protobuf": { schema: { type: "string", format: "binary" } },
  },
});

/** The part of google.rpc's `Status` that is used. */
const status = { type: "object", properties: { message: { type: "string" } }, required: ["message"] };

const refusal = (description: string, headers: object = {}) => ({
  ...message(description, status, { message: "What to do about it." }),
  headers: { ...fieldsOf({ "X-Request-Id": "Id of the request." }), ...headers },
});

const request = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: "mosis.package_id", value: { stringValue: "org.mosis.chess" } }] },
      scopeLogs: [{ logRecords: [{ timeUnixNano: `${exampleTimeMs}000000`, eventName: "level_complete" }] }],
    },
  ],
};

const response = {
  type: "object",
  properties: {
    partialSuccess: {
      type: "object",
      properties: { rejectedLogRecords: { type: "string" }, errorMessage: { type: "string" } },
    },
  },
};

/** Describes the route by hand: the messages are the protocol's, and its definitions are not JSON Schema. */
export const otlpPaths = {
  [otlpLogs.route]: {
    post: {
      operationId: "exportLogs",
      summary: "Send log records by OTLP/HTTP 1.x",
      description:
        "Keys need the permission `telemetry:write`. See docs/otlp.md for what becomes of a record.",
      tags: ["logs"],
      security: [{ bearer: ["telemetry:write"] }],
      requestBody: { required: true, ...message("ExportLogsServiceRequest", { type: "object" }, request) },
      responses: {
        200: message("ExportLogsServiceResponse: empty, or with the refused records.", response, {}),
        400: refusal("The request cannot be decoded, or names no existing app."),
        401: refusal("The key."),
        403: refusal("The key lacks the permission."),
        413: refusal("Over a limit."),
        415: refusal("Another type or coding."),
        429: refusal("Over the rate or the quota of the app or the key.", limitedFields),
        500: refusal("A bug of ours."),
        503: refusal("Send it again after Retry-After.", fieldsOf({ "Retry-After": "Seconds." })),
      },
    },
  },
};
