import { fieldsOf, limitedFields } from "../openapi-fields.ts";
import { type CallType, callTypes } from "./messages.ts";
import { segmentRoutes } from "./protocol.ts";

const json = (description: string, properties: Record<string, object>, example: object) => ({
  description,
  content: {
    "application/json": { schema: { type: "object", properties, required: requiredOf(properties) }, example },
  },
});

/** The fields that every answer and every batch has. */
const requiredOf = (properties: object) =>
  Object.keys(properties).filter((name) => name === "success" || name === "batch");

const refused = (description: string, headers: object = {}) => ({
  ...json(description, refusal, { success: false, code: "rate_limited", message: "What to do about it." }),
  headers: { ...fieldsOf({ "X-Request-Id": "Id of the request." }), ...headers },
});

const anonymousId = "0199c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f";

/** One call of each type. The time of each is the time of receiving. */
const calls: Record<CallType, object> = {
  track: { event: "Level Complete", anonymousId, properties: { level: "forest", score: 12.5 } },
  identify: { anonymousId, traits: { plan: "gold" } },
  page: { anonymousId, name: "Home", properties: { path: "/" } },
  screen: { anonymousId, name: "Home" },
  group: { anonymousId, groupId: "acme", traits: { seats: 5 } },
  alias: { userId: "7", previousId: anonymousId },
};

const refusal = {
  success: { const: false },
  code: { type: "string" },
  message: { type: "string" },
};

/** Describes the routes by hand: the calls are Segment's. Their short paths do the same. */
export const segmentPaths = Object.fromEntries(
  segmentRoutes.map(({ route }) => {
    const name = route.slice("/v1/".length);
    const isBatch = ["batch", "b", "import"].includes(name);
    const type = callTypes.find((it) => it === name || it.startsWith(name)) ?? "track";
    return [
      route,
      {
        post: {
          tags: ["segment"],
          operationId: `segment${name.charAt(0).toUpperCase()}${name.slice(1)}`,
          summary: isBatch
            ? "Send calls of Segment's HTTP API"
            : `Send one call of Segment's HTTP API: ${name}`,
          description: "Keys need the permission `telemetry:write`. See docs/segment.md.",
          // The key may also be `writeKey` in the body.
          security: [{ bearer: ["telemetry:write"] }, { basic: [] }, {}],
          requestBody: {
            required: true,
            ...json(
              "As JSON, also with the type text/plain.",
              isBatch ? { batch: { type: "array", items: { type: "object" } } } : {},
              isBatch ? { batch: [{ type: "track", ...calls.track }] } : calls[type],
            ),
          },
          responses: {
            200: json("Stored durably.", { success: { const: true } }, { success: true }),
            400: refused("Not JSON, or no call of it could be stored."),
            401: refused("The key."),
            403: refused("The key lacks the permission."),
            404: refused("There is no such app."),
            408: refused("The body was too slow. Send it again."),
            413: refused("Over a limit."),
            415: refused("Another type or coding."),
            422: refused("Not a call, or no app is named."),
            429: refused("Over the rate or the quota of the app or the key.", limitedFields),
            500: refused("A bug of ours."),
            503: refused("Send it again after Retry-After.", fieldsOf({ "Retry-After": "Seconds." })),
          },
        },
      },
    ];
  }),
);
