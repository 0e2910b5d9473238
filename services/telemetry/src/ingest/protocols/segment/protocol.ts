import type { IncomingMessage, ServerResponse } from "node:http";
import { endRefused } from "@mosis/http";
import { problems } from "@mosis/types/problems";
import { telemetryLimits } from "@mosis/types/telemetry";
import type { BatchRefusal } from "../../reading/batch.ts";
import { mediaTypeOf } from "@mosis/http";
import type { Body, BodyTypes } from "../../reading/body.ts";
import { parseExactJson } from "../../events/exact-json.ts";
import { batchBounds, beyondBatch, isBeyond } from "../../reading/json-bounds.ts";
import type { Protocol, Reading, Refusal, Stored } from "../protocol.ts";
import { batchesOf } from "./mapping.ts";
import { type CallType, callTypes, isFields, requestOf } from "./messages.ts";
import { openBodyLimits, writeKeysIn } from "./write-key.ts";

const types: BodyTypes = {
  // Every content type is accepted: browsers send JSON as text, so that no preflight is needed, and senders
  // of bytes with axios call them a form.
  formOf: (type) => (mediaTypeOf(type) === null ? null : "json"),
  unsupported: "Send JSON in UTF-8.",
};

const credentialsMissing =
  "Send the write key as the name of HTTP's Basic authentication, without a password. " +
  `The field writeKey of the body is only read in bodies of at most ${openBodyLimits.bytesMax} bytes, ` +
  "or 131072 after inflating gzip.";

/**
 * Segment's HTTP API: a route for a batch and one for each call, by the names that servers, browsers and
 * older SDKs use.
 */
export const segmentRoutes: readonly Protocol[] = [
  ...["/v1/batch", "/v1/b", "/v1/import"].map((route) => segmentProtocol(route, null)),
  ...callTypes.flatMap((type) => [
    segmentProtocol(`/v1/${type}`, type),
    segmentProtocol(`/v1/${type.charAt(0)}`, type),
  ]),
];

/**
 * Makes the protocol of a route.
 * @param type of the one call that a body is; null for a list of calls.
 */
function segmentProtocol(route: string, type: CallType | null): Protocol {
  return {
    route,
    types,
    appRequired: "The key serves several apps: send context.app.namespace, the package id.",
    appOfKeyFirst: true,
    credentialOf,
    keysIn: writeKeysIn,
    credentialsMissing,
    challenge: "Basic",
    read: (body, req) => refusedByType(read(body, type), req),
    answer,
    refuse,
  };
}

/**
 * Returns the write key, which is the name of HTTP's Basic, without a password; some clients send it as
 * Bearer.
 */
function credentialOf(req: IncomingMessage): string | undefined {
  const { authorization } = req.headers;
  const basic = /^basic +([\w+/=-]{1,400}) *$/i.exec(authorization ?? "")?.[1];
  if (basic === undefined) return authorization;
  const [name = ""] = Buffer.from(basic, "base64").toString("latin1").split(":", 1);
  return `Bearer ${name}`;
}

/** Refuses a body that is not JSON, and does not claim to be, for its content type. */
function refusedByType(reading: Reading | BatchRefusal, req: IncomingMessage): Reading | BatchRefusal {
  if (!("code" in reading) || reading.code !== "malformed_json") return reading;
  const type = mediaTypeOf(req.headers["content-type"] ?? "") ?? "";
  if (["", "application/json", "text/plain"].includes(type)) return reading;
  return { code: "content_type_unsupported", detail: types.unsupported };
}

function read({ bytes }: Body, type: CallType | null): Reading | BatchRefusal {
  if (isBeyond(bytes, batchBounds)) return { code: "batch_invalid", detail: beyondBatch };
  // Ids of users and messages become texts, whatever type they are sent as.
  const parsed = parseExactJson(bytes.toString(), String);
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
    // The context of a batch is written with each of its calls; the body does not say how much that is.
    eventBytesAtMost: Number.POSITIVE_INFINITY,
  };
}

/** Segment's SDKs know only yes or no. A call that is refused among others is in `rejected_events`. */
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
