import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { TSchema } from "typebox";
import { codingOf, mediaTypeOf } from "./content.ts";
import { parseJsonText } from "./json-position.ts";
import { problem } from "./problem.ts";
import { requireWellFormed } from "./well-formed.ts";

const inflate = promisify(gunzip);
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a JSON body, plain or gzip.
 * @param options.bytesMax Bound of the body as sent, and again of the inflated body.
 * @param options.isOptional True reads a request without a body as `{}`, whatever its content type.
 * @throws Problem `content_type_unsupported`, `content_encoding_unsupported` (415), `body_too_large` (413),
 * `malformed_json`, `malformed_body`, `invalid_request` (400). The last is also thrown for more than 2048
 * brackets.
 */
export async function readJson(
  req: IncomingMessage,
  { bytesMax, isOptional = false }: { bytesMax: number; isOptional?: boolean },
): Promise<unknown> {
  if (isOptional && !hasBody(req)) return {};
  requireJson(req);
  const encoding = encodingOf(req);
  const sent = await readBytes(req, bytesMax);
  return parseJson(encoding === "gzip" ? await inflateBounded(sent, bytesMax) : sent);
}

/** Returns true when every field may be omitted, and so the body itself. */
export function isOptionalBody(schema: TSchema): boolean {
  const { type, required = [], minProperties = 0 } = schema as ObjectSchema;
  return type === "object" && required.length === 0 && minProperties === 0;
}

interface ObjectSchema {
  type?: string;
  required?: string[];
  minProperties?: number;
}

/** Returns true when the request has a body: one of these two fields announces it (RFC 9112 §6.3). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function requireJson(req: IncomingMessage): void {
  const name = mediaTypeOf(req.headers["content-type"] ?? "");
  if (name !== null && /^application\/(json|[\w.!#$&^+-]+\+json)$/.test(name)) return;
  throw problem(
    "content_type_unsupported",
    "Send JSON in UTF-8, with the header Content-Type: application/json.",
    {
      headers: { Accept: "application/json" },
    },
  );
}

function encodingOf(req: IncomingMessage): "identity" | "gzip" {
  const encoding = codingOf(req.headers["content-encoding"]);
  if (encoding === "identity" || encoding === "gzip") return encoding;
  throw problem("content_encoding_unsupported", "Send the body as it is, or with Content-Encoding: gzip.", {
    headers: { "Accept-Encoding": "gzip, identity" },
  });
}

function readBytes(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = () => problem("body_too_large", `The body may have at most ${bytesMax} bytes.`);
  if (Number(req.headers["content-length"] ?? 0) > bytesMax) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      // The rest is received but not kept, at most until the server's request timeout. A connection that is
      // cut while the client still writes would lose the answer.
      chunks.length = 0;
      reject(tooLarge());
    });
    req.once("end", () => resolve(Buffer.concat(chunks)));
    req.once("error", reject);
    // An aborted request closes without an end. Nobody waits for an answer.
    req.once("close", () => {
      if (!req.complete) reject(problem("malformed_body", "The body ended early."));
    });
  });
}

async function inflateBounded(sent: Buffer, bytesMax: number): Promise<Buffer> {
  try {
    return await inflate(sent, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw problem("body_too_large", `The body may have at most ${bytesMax} bytes after inflating.`, {
        cause: error,
      });
    }
    throw problem("malformed_body", "The body is not valid gzip.", { cause: error });
  }
}

/**
 * The greatest number of opening brackets in a body. The largest body that a schema allows has some hundreds.
 */
const bracketsMax = 2048;

/**
 * Refuses the bodies that cost most to parse: a list within a list takes as long as ten numbers, and 64 KiB
 * of them take 3 ms. Brackets within texts count as well; no valid text comes near the limit.
 * @throws Problem `invalid_request` (400).
 */
function requireFewBrackets(bytes: Buffer): void {
  let brackets = 0;
  for (const byte of bytes) if (byte === openBracket || byte === openBrace) brackets++;
  if (brackets <= bracketsMax) return;
  throw problem("invalid_request", `The body may have at most ${bracketsMax} objects and lists.`);
}

const openBracket = 0x5b;
const openBrace = 0x7b;

function parseJson(bytes: Buffer): unknown {
  requireFewBrackets(bytes);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw problem("malformed_json", "The body is not valid UTF-8.", { cause: error });
  }
  const parsed = parseJsonText(text);
  if ("detail" in parsed) throw problem("malformed_json", parsed.detail, { cause: parsed.cause });
  // An escape may hide the word, so both lead to the search.
  if (/__proto__|\\u00/.test(text)) refusePrototypeKeys(parsed.value);
  requireWellFormed(parsed.value, text);
  return parsed.value;
}

/**
 * Refuses `__proto__` as a key. `JSON.parse` makes it an ordinary key, and code that copies the object later
 * would set its prototype.
 */
function refusePrototypeKeys(root: unknown): void {
  const left: unknown[] = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "__proto__")) {
      throw problem("invalid_request", "The body has a key __proto__, which no request may have.");
    }
    for (const child of Object.values(value))
      if (typeof child === "object" && child !== null) left.push(child);
  }
}
