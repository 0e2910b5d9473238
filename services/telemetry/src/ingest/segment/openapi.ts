import { segmentRoutes } from "./protocol.ts";

const json = (description: string, properties: Record<string, object>) => ({
  description,
  content: { "application/json": { schema: { type: "object", properties } } },
});

const refusal = {
  success: { const: false },
  code: { type: "string" },
  message: { type: "string" },
};

/** Described by hand: the calls are Segment's. Their short paths do the same. */
export const segmentPaths = Object.fromEntries(
  segmentRoutes.map(({ route }) => {
    const call = route.slice("/v1/".length);
    const isBatch = call === "batch" || call === "b";
    return [
      route,
      {
        post: {
          operationId: `segment${call.charAt(0).toUpperCase()}${call.slice(1)}`,
          summary: isBatch
            ? "Send calls of Segment's HTTP API"
            : `Send one call of Segment's HTTP API: ${call}`,
          description: "Keys need the permission `telemetry:write`. See docs/segment.md.",
          // The key may also be `writeKey` in the body.
          security: [{ bearer: [] }, { basic: [] }, {}],
          requestBody: {
            required: true,
            ...json("As JSON, also with the type text/plain.", isBatch ? { batch: { type: "array" } } : {}),
          },
          responses: {
            200: json("Stored durably.", { success: { const: true } }),
            400: json("Not JSON, or no call of it could be stored.", refusal),
            401: json("The key.", refusal),
            403: json("The key lacks the permission.", refusal),
            404: json("There is no such app.", refusal),
            408: json("The body was too slow. Send it again.", refusal),
            413: json("Over a limit.", refusal),
            415: json("Another type or coding.", refusal),
            422: json("Not a call, or no app is named.", refusal),
            500: json("A bug of ours.", refusal),
            503: json("Send it again after Retry-After.", refusal),
          },
        },
      },
    ];
  }),
);
