import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { BrokenLine, readJson } from "./contract.ts";
import type { Batch } from "./generated-batches.ts";
import type { HostileRequest } from "./hostile.ts";

/**
 * What a request that was accepted says, read by the rules of docs/api.md. @throws Error when it says
 * nothing.
 */
export function readSent({ headers, body }: HostileRequest): { batch: Batch; bodyBytes: number } {
  // Of a header that came twice, which is refused for those of a batch, the first counts.
  const header = (name: string) => headers.find(([it]) => it.toLowerCase() === name)?.[1].trim();
  const inflate = inflaters[(header("content-encoding") ?? "").toLowerCase()];
  assert.ok(inflate, "accepted with a coding that is not one of ours");
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(inflate(body));
  const isLines = /ndjson/i.test(header("content-type") ?? "");
  return { batch: isLines ? readLines(text, header) : (readJson(text) as Batch), bodyBytes: body.length };
}

const inflaters: Record<string, (bytes: Buffer) => Buffer> = {
  "": (bytes) => bytes,
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

function readLines(text: string, header: (name: string) => string | undefined): Batch {
  const lines = text.split("\n").map((line) => line.replace(/^[ \t\r]+/, ""));
  const events = lines.filter((line) => line !== "").map(readLine);
  const batch: Batch = { batch_id: header("mosis-batch-id") ?? "", events };
  const sentAt = header("mosis-sent-at");
  if (sentAt !== undefined) batch["sent_at"] = /^-?\d+$/.test(sentAt) ? Number(sentAt) : sentAt;
  for (const field of ["sdk", "context", "discarded"]) {
    const value = header(`mosis-${field}`);
    if (value !== undefined) batch[field] = JSON.parse(value) as unknown;
  }
  return batch;
}

function readLine(line: string): unknown {
  try {
    return readJson(line);
  } catch {
    return new BrokenLine(line);
  }
}
