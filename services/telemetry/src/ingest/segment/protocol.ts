import type { IncomingMessage, ServerResponse } from "node:http";
import { endRefused, parseJsonText } from "@mosis/http";
import { problems } from "@mosis/types/problems";
import { telemetryLimits } from "@mosis/types/telemetry";
import type { BatchRefusal } from "../batch.ts";
import { type Body, type BodyTypes, mediaTypeOf } from "../body.ts";
import { hasTooManyParts, tooManyParts } from "../json-bounds.ts";
import type { Protocol, Reading, Refusal, Stored } from "../protocol.ts";
import { batchesOf } from "./mapping.ts";
import { type CallType, callTypes, isFields, requestOf } from "./messages.ts";

const types: BodyTypes = {
  // Browsers send JSON as text, so that no preflight is needed; some send no type at all.
  formOf: (type) =>
    ["", "application/json", "text/plain"].includes(mediaTypeOf(type) ?? "?") ? "json" : null,
  unsupported: "Send JSON in UTF-8, as application/json or as text/plain.",
};

/** Segment's HTTP API: a route for a batch and one for each call, by the names of servers and of browsers. */
export const segmentRoutes: readonly Protocol[] = [
  ...["/v1/batch", "/v1/b"].map((route) => segmentProtocol(route, null)),
  ...callTypes.flatMap((type) => [
    segmentProtocol(`/v1/${type}`, type),
    segmentProtocol(`/v1/${type.charAt(0)}`, type),
  ]),
];

/** @param type of the one call that a body is; null for a list of calls. */
function segmentProtocol(route: string, type: CallType | null): Protocol {
  return {
    route,
    types,
    appRequired: "The key serves several apps: send context.app.namespace, the package id.",
    appOfKeyFirst: true,
    keyInBody: true,
    credentialOf,
    read: (body) => read(body, type),
    answer,
    refuse,
  };
}

/** The write key is the name of HTTP's Basic, without a password; some send it as Bearer. */
function credentialOf(req: IncomingMessage): string | undefined {
  const { authorization } = req.headers;
  const basic = /^basic +([\w+/=-]{1,400}) *$/i.exec(authorization ?? "")?.[1];
  if (basic === undefined) return authorization;
  const [name = ""] = Buffer.from(basic, "base64").toString("latin1").split(":", 1);
  return `Bearer ${name}`;
}

function read({ bytes }: Body, type: CallType | null): Reading | BatchRefusal {
  if (hasTooManyParts(bytes)) return { code: "batch_invalid", detail: tooManyParts };
  const parsed = parseJsonText(bytes.toString());
  if ("detail" in parsed) return { code: "malformed_json", detail: parsed.detail };
  const { value } = parsed;
  if (!isFields(value)) return { code: "batch_invalid", detail: "The body is not a JSON object." };
  if (type === null && !Array.isArray(value["batch"])) {
    return { code: "batch_invalid", detail: "The field batch is not a list." };
  }
  const request = requestOf(value, type);
  if (request.messages.length > telemetryLimits.eventsPerBatchMax) {
    const detail = `A batch has at most ${telemetryLimits.eventsPerBatchMax} messages: send smaller ones.`;
    return { code: "body_too_large", detail };
  }
  return {
    credential: request.writeKey === undefined ? undefined : `Bearer ${request.writeKey}`,
    batches: batchesOf(request),
    // The context of a batch is written with each of its calls: how much that is, the body does not tell.
    eventBytesAtMost: Number.POSITIVE_INFINITY,
  };
}

/** Their SDKs know yes or no. A call that is refused among others is in `rejected_events`. */
function answer(res: ServerResponse, requestId: string, { outcome }: Stored): void {
  const reason = outcome.accepted === 0 ? outcome.results.find(({ result }) => result === "drop") : undefined;
  if (reason) {
    const detail = `${reason.code} at ${reason.pointer}: ${reason.fix}`;
    refuse(res, requestId, { code: "invalid_request", detail, headers: {} });
    return;
  }
  const head = { "Content-Type": "application/json", "Content-Length": success.length };
  res.writeHead(200, { ...head, "X-Request-Id": requestId });
  res.end(success);
}

const success = '{"success":true}';

function refuse(res: ServerResponse, requestId: string, { code, detail, headers }: Refusal): void {
  headers["Content-Type"] = "application/json";
  const body = JSON.stringify({ success: false, code, message: detail });
  endRefused(res, { status: problems[code][0], headers, requestId }, Buffer.from(body));
}
