import { otlpLogs } from "./protocol.ts";

const message = (description: string, type: object = { type: "object" }) => ({
  description,
  content: {
    "application/json": { schema: type },
    "application/x-protobuf": { schema: { type: "string", format: "binary" } },
  },
});

/** `Status` of google.rpc, as far as it is used. */
const status = { type: "object", properties: { message: { type: "string" } }, required: ["message"] };

const response = {
  type: "object",
  properties: {
    partialSuccess: {
      type: "object",
      properties: { rejectedLogRecords: { type: "string" }, errorMessage: { type: "string" } },
    },
  },
};

/** Described by hand: the messages are the protocol's, and its definitions are not JSON Schema. */
export const otlpPaths = {
  [otlpLogs.route]: {
    post: {
      operationId: "exportLogs",
      summary: "Send log records by OTLP/HTTP 1.x",
      description:
        "Keys need the permission `telemetry:write`. See docs/otlp.md for what becomes of a record.",
      security: [{ bearer: [] }],
      requestBody: { required: true, ...message("ExportLogsServiceRequest") },
      responses: {
        200: message("ExportLogsServiceResponse: empty, or with what was refused.", response),
        400: message("Cannot be decoded, or names no app that is there.", status),
        401: message("The key.", status),
        403: message("The key lacks the permission.", status),
        413: message("Over a limit.", status),
        415: message("Another type or coding.", status),
        500: message("A bug of ours.", status),
        503: message("Send it again after Retry-After.", status),
      },
    },
  },
};
