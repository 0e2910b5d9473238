import type { ServerResponse } from "node:http";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { endRefused } from "@mosis/http";
import { problems } from "@mosis/types/problems";
import type { BatchRefusal } from "../../reading/batch.ts";
import { mediaTypeOf } from "@mosis/http";
import type { Body, BodyTypes } from "../../reading/body.ts";
import { isBeyond, otlpBounds } from "../../reading/json-bounds.ts";
import type { Protocol, Reading, Refusal, Stored } from "../protocol.ts";
import { parseRequest } from "./json.ts";
import { BeyondLimit, Budget, NotDecodable } from "./logs.ts";
import { batchesOf } from "./mapping.ts";
import { decodeRequest } from "./protobuf.ts";
import { scanRequest } from "./scan.ts";

const protobuf = "application/x-protobuf";

const types: BodyTypes = {
  formOf(type) {
    const name = mediaTypeOf(type);
    if (name === protobuf) return "protobuf";
    return name === "application/json" ? "json" : null;
  },
  unsupported: "Send ExportLogsServiceRequest as application/x-protobuf or application/json.",
};

/** The protocol OTLP/HTTP 1.x, for the signal logs. */
export const otlpLogs: Protocol = {
  route: "/v1/logs",
  types,
  appRequired: "The key serves several apps: set the resource attribute mosis.package_id.",
  credentialOf: (req) => req.headers.authorization,
  credentialsMissing: "Send the header Authorization: Bearer <key>.",
  challenge: "Bearer",
  read,
  answer,
  refuse,
};

function read({ bytes, form }: Body): Reading | BatchRefusal {
  const isJson = form === "json";
  if (isJson && isBeyond(bytes, otlpBounds)) {
    return { code: "body_too_large", detail: "The request has too many parts: send smaller batches." };
  }
  try {
    const scanned = isJson ? null : scanRequest(bytes);
    if (scanned) return scanned;
    const resources = isJson ? parseRequest(bytes, new Budget()) : decodeRequest(bytes, new Budget());
    // The attributes of a resource are written with each of its events; the body does not say how much that
    // is.
    return { batches: batchesOf(resources), eventBytesAtMost: Number.POSITIVE_INFINITY };
  } catch (error) {
    if (error instanceof BeyondLimit) return { code: "body_too_large", detail: error.message };
    if (error instanceof NotDecodable) return { code: "malformed_body", detail: error.message };
    throw error;
  }
}

function answer(res: ServerResponse, requestId: string, { outcome, eventsWithoutApp }: Stored): void {
  const rejected = outcome.rejected + eventsWithoutApp;
  const message = rejected === 0 ? "" : messageOf(outcome.results, eventsWithoutApp);
  // A 64-bit integer is text in JSON.
  const json =
    rejected === 0 ? {} : { partialSuccess: { rejectedLogRecords: `${rejected}`, errorMessage: message } };
  const { type, bytes } = isProtobuf(res)
    ? { type: protobuf, bytes: encodeResponse(rejected, message) }
    : { type: "application/json", bytes: Buffer.from(JSON.stringify(json)) };
  res.writeHead(200, { "Content-Type": type, "Content-Length": bytes.length, "X-Request-Id": requestId });
  res.end(bytes);
}

const reasonsMax = 5;

/** Returns the reasons, each once, for the log of the exporter. */
function messageOf(results: Stored["outcome"]["results"], eventsWithoutApp: number): string {
  const reasons = new Set(
    results.filter(({ result }) => result === "drop").map(({ code, fix }) => `${code}: ${fix}`),
  );
  const texts = [...reasons].slice(0, reasonsMax);
  if (eventsWithoutApp > 0)
    texts.push("not_found: The app of a resource is not there or not named, see mosis.package_id.");
  return texts.join(" ");
}

/**
 * Answers with a `google.rpc.Status` in the encoding of the request. By the protocol, every kind of bad data
 * is 400. Of the other statuses, clients repeat only 429, 502, 503 and 504: a body that was too slow gets
 * 503, not 408, so that it is not lost.
 */
function refuse(res: ServerResponse, requestId: string, { code, detail, errors, headers }: Refusal): void {
  const places = errors?.map(({ pointer, message }) => ` ${pointer} ${message}.`).join("") ?? "";
  const message = `${code}: ${detail}${places}`;
  const status = statuses[code] ?? problems[code][0];
  if (status === 503) headers["Retry-After"] ??= "2";
  const asProtobuf = isProtobuf(res);
  const bytes = asProtobuf ? encodeStatus(message) : Buffer.from(JSON.stringify({ message }));
  headers["Content-Type"] = asProtobuf ? protobuf : "application/json";
  endRefused(res, { status, headers, requestId }, bytes);
}

const statuses: Partial<Record<Refusal["code"], number>> = {
  batch_invalid: 400,
  app_required: 400,
  not_found: 400,
  request_timeout: 503,
};

/** Returns an `ExportLogsServiceResponse`, which is empty when nothing was refused. */
function encodeResponse(rejected: number, message: string): Uint8Array {
  const response = new BinaryWriter();
  if (rejected === 0) return response.finish();
  response.tag(1, WireType.LengthDelimited).fork();
  response.tag(1, WireType.Varint).int64(rejected);
  response.tag(2, WireType.LengthDelimited).string(message);
  return response.join().finish();
}

/** Returns a `google.rpc.Status` with only its message: the protocol does not use its code. */
function encodeStatus(message: string): Uint8Array {
  return new BinaryWriter().tag(2, WireType.LengthDelimited).string(message).finish();
}

function isProtobuf({ req }: ServerResponse): boolean {
  return types.formOf(req.headers["content-type"] ?? "") === "protobuf";
}
