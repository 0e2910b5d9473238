import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Request, Response } from "express";
import { etagOf, isKnown } from "./etag.ts";

/** What is the same for everybody until the next release, put together once: in each form that is served. */
export interface Asset {
  type: string;
  forms: Record<Encoding, Form>;
}

type Encoding = "br" | "gzip" | "identity";

interface Form {
  /** Another one for each encoding, as a strong tag has to be (RFC 9110 §8.8.3.3). */
  etag: string;
  bytes: Buffer;
}

/** Two per cent larger than at 9, for half of the time; at 11 the reference page would take seconds. */
const brotliQuality = 5;
const gzipLevel = 6;
const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

/** @param type media type of the text, which is UTF-8. */
export async function makeAsset(type: string, content: string): Promise<Asset> {
  const bytes = Buffer.from(content);
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_SIZE_HINT: sizeHint } = constants;
  const [br, gzip] = await Promise.all([
    toBrotli(bytes, { params: { [quality]: brotliQuality, [sizeHint]: bytes.length } }),
    toGzip(bytes, { level: gzipLevel }),
  ]);
  const tag = etagOf(content).slice(1, -1);
  const form = (encoding: Encoding, bytes: Buffer) => ({ etag: `"${tag}-${encoding}"`, bytes });
  return { type, forms: { br: form("br", br), gzip: form("gzip", gzip), identity: form("identity", bytes) } };
}

/** @param caching the `Cache-Control` of the answer. */
export function sendAsset(req: Request, res: Response, { type, forms }: Asset, caching: string): void {
  const encoding = encodingFor(req);
  const { etag, bytes } = forms[encoding];
  res.vary("Accept-Encoding");
  res.setHeader("ETag", etag);
  res.setHeader("Cache-Control", caching);
  if (isKnown(req, etag)) {
    res.status(304).end();
    return;
  }
  if (encoding !== "identity") res.setHeader("Content-Encoding", encoding);
  res.setHeader("Content-Type", type);
  res.setHeader("Content-Length", bytes.length);
  res.end(bytes);
}

/** The smallest that the client takes: browsers name gzip before br, which is no preference. */
function encodingFor(req: Request): Encoding {
  if (req.acceptsEncodings("br") === "br") return "br";
  return req.acceptsEncodings("gzip") === "gzip" ? "gzip" : "identity";
}
