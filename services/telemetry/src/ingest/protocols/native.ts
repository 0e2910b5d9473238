import type { ServerResponse } from "node:http";
import { problem, sendProblem } from "@mosis/http";
import { batchHeaders } from "@mosis/types/telemetry";
import { readBatch } from "../reading/batch.ts";
import { mediaTypeOf } from "@mosis/http";
import type { BodyTypes } from "../reading/body.ts";
import { parseLines } from "../reading/lines.ts";
import type { Protocol, Stored } from "./protocol.ts";

export const batchesPath = "/v1/telemetry/batches";
export const validatePath = `${batchesPath}:validate`;

const types: BodyTypes = {
  formOf(type) {
    if (type === "application/json") return "json";
    const name = mediaTypeOf(type);
    if (name === "application/json") return "json";
    return name === "application/x-ndjson" ? "ndjson" : null;
  },
  unsupported:
    "Send the batch in UTF-8, as application/json, or as application/x-ndjson with its fields in headers.",
};

/** A batch of our own contract, `TelemetryBatch`. */
export const batches: Protocol = {
  route: batchesPath,
  types,
  appRequired: `The key serves several apps: send package_id, in NDJSON as ${batchHeaders.package_id}.`,
  credentialOf: (req) => req.headers.authorization,
  credentialsMissing: "Send the header Authorization: Bearer <key>.",
  challenge: "Bearer",
  read({ bytes, form }, req) {
    const batch = form === "json" ? readBatch(bytes) : parseLines(bytes, req.headers);
    return "events" in batch ? { batches: [batch], eventBytesAtMost: bytes.length } : batch;
  },
  answer,
  refuse(res, requestId, { code, detail, errors, headers }) {
    sendProblem(res, problem(code, detail, errors ? { headers, errors } : { headers }), requestId);
  },
};

/** The protocol for a batch that is only judged: nothing is stored, and there will be no receipt. */
export const validation: Protocol = {
  ...batches,
  route: validatePath,
};

function answer(res: ServerResponse, requestId: string, stored: Stored): void {
  const { outcome, receivedAtMs, rateLimit } = stored;
  const batchId = stored.batchId?.toLowerCase();
  const receivedAt = timestamp(receivedAtMs);
  const results = outcome.results.length === 0 ? "[]" : JSON.stringify(outcome.results);
  // Every text that is joined here was checked to need no escaping.
  const body =
    `{"batch_id":"${batchId}","received_at":"${receivedAt}","accepted":${outcome.accepted},` +
    `"rejected":${outcome.rejected},"dropped":${outcome.dropped},"results":${results}}`;
  const type = "application/json";
  const bytes = results.length === 2 ? body.length : Buffer.byteLength(body);
  if (rateLimit === null) {
    res.writeHead(200, ["Content-Type", type, "Content-Length", String(bytes), "X-Request-Id", requestId]);
  } else {
    res.writeHead(202, [
      "Content-Type",
      type,
      "Content-Length",
      String(bytes),
      "Location",
      `${batchesPath}/${batchId}?received_at=${receivedAt}`,
      "RateLimit-Policy",
      rateLimit.policy,
      "RateLimit",
      rateLimit.state,
      "X-Request-Id",
      requestId,
    ]);
  }
  res.end(body);
}

let timestampMs = 0;
let timestampText = "";

/** Many requests share a millisecond, and formatting a date costs a microsecond. */
function timestamp(ms: number): string {
  if (ms !== timestampMs) {
    timestampMs = ms;
    timestampText = new Date(ms).toISOString();
  }
  return timestampText;
}
