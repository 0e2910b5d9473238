import type { IncomingMessage } from "node:http";
import type { ProblemCode } from "@mosis/types/problems";

export type Refusal = readonly [ProblemCode, string];

/**
 * Returns the reason why a request is not one message with one meaning (RFC 9112), or null when it is. When a
 * proxy in front and this server read a request differently, each lets through what the other does not see.
 * Node's parser refuses wrong framing; this refuses what Node lets through.
 */
export function formFault(req: IncomingMessage): Refusal | null {
  const { httpVersion } = req;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return unknownVersion;
  return fieldsFault(req) ?? framingFault(req) ?? hostFault(req) ?? targetFault(req);
}

/**
 * More fields than any real client sends. Node silently drops the fields beyond its own bound.
 * @limit header fields of a request
 */
const headerFieldsMax = 100;

const unknownVersion: Refusal = ["invalid_request", "Send HTTP/1.1 or HTTP/1.0."];
const tooManyFields: Refusal = [
  "header_too_large",
  `A request may have at most ${headerFieldsMax} header fields.`,
];
const badHost: Refusal = ["invalid_request", "Send one header Host that has only a host name and its port."];
const badTarget: Refusal = [
  "invalid_request",
  "Send a path that starts with a slash, and no # or backslash in it; a whole URL must name the Host.",
];

/**
 * Fields that may occur once. Of two, Node keeps the first or joins them with a comma, while other servers
 * take the last. If-Match and the like are lists, so two of them are one longer list.
 */
const single = [
  "authorization",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "idempotency-key",
  "origin",
  "transfer-encoding",
  "x-request-id",
];
const bits = new Map(single.map((name, index) => [name, 2 ** index]));
/** One bit for the length of each name. */
const lengths = single.reduce((mask, { length }) => mask | (1 << length), 0);

function fieldsFault({ rawHeaders }: IncomingMessage): Refusal | null {
  if (rawHeaders.length > 2 * headerFieldsMax) return tooManyFields;
  // Two fields of one name have one length. This shows that nearly every request is valid, without a look-up.
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i] as string;
    const bit = length < 32 ? (1 << length) & lengths : 0;
    if ((seen & bit) !== 0) return repeatedField(rawHeaders);
    seen |= bit;
  }
  return null;
}

function repeatedField(rawHeaders: readonly string[]): Refusal | null {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const bit = bits.get(name.toLowerCase()) ?? 0;
    if ((seen & bit) !== 0) return ["invalid_request", `Send the header ${name} once.`];
    seen |= bit;
  }
  return null;
}

function framingFault({ headers, httpVersion }: IncomingMessage): Refusal | null {
  const encoding = headers["transfer-encoding"];
  if (encoding === undefined) return null;
  // RFC 9112 §6.1: a proxy that forwarded it may have read the body differently.
  if (httpVersion === "1.0") return ["invalid_request", "HTTP/1.0 has no Transfer-Encoding: send HTTP/1.1."];
  if (encoding.toLowerCase() === "chunked") return null;
  return ["invalid_request", "Use no Transfer-Encoding other than chunked."];
}

/** The last Host that was valid: nearly every request has the same. */
let goodHost = "";

/** Returns the fault of the Host. Every request of HTTP/1.1 has one (RFC 9112 §3.2). */
function hostFault({ headers, httpVersion }: IncomingMessage): Refusal | null {
  const { host } = headers;
  if (host === goodHost) return null;
  if (host === undefined) return httpVersion === "1.0" ? null : badHost;
  if (host.length > 262 || !/^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::\d{1,5})?$/i.test(host))
    return badHost;
  goodHost = host;
  return null;
}

/** The last path that was valid, as in `goodHost`. */
let goodTarget = "";

function targetFault(req: IncomingMessage): Refusal | null {
  const target = req.url ?? "";
  if (target === goodTarget && target !== "") return null;
  if (!target.startsWith("/")) {
    if (target === "*") return req.method === "OPTIONS" ? null : badTarget;
    return absoluteFault(req, target);
  }
  if (target.includes("#") || target.includes("\\")) return badTarget;
  goodTarget = target;
  return null;
}

/** Accepts a whole URL, as proxies send it (RFC 9112 §3.2.2), and replaces it by its path. */
function absoluteFault(req: IncomingMessage, target: string): Refusal | null {
  const [, authority = "", path = ""] = /^https?:\/\/([^/?#\\@]+)([/?][^#\\]*)?$/i.exec(target) ?? [];
  if (authority === "" || authority.toLowerCase() !== req.headers.host?.toLowerCase()) return badTarget;
  req.url = path.startsWith("/") ? path : `/${path}`;
  return null;
}
