import type { IncomingMessage } from "node:http";
import type { ProblemCode } from "@mosis/types/problems";

export type Refusal = readonly [ProblemCode, string];

/**
 * Returns why a request is not one message with one meaning (RFC 9112), null when it is. Where a proxy in
 * front and we can disagree about it, what one of us lets pass the other does not see. Node's parser refuses
 * what breaks the framing; this is what it lets through.
 */
export function formFault(req: IncomingMessage): Refusal | null {
  const { httpVersion } = req;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return unknownVersion;
  return fieldsFault(req) ?? framingFault(req) ?? hostFault(req) ?? targetFault(req);
}

/** More fields than any client of ours sends; Node would drop those behind its own bound in silence. */
const headerFieldsMax = 100;

const unknownVersion: Refusal = ["invalid_request", "Send HTTP/1.1 or HTTP/1.0."];
const tooManyFields: Refusal = [
  "header_too_large",
  `A request may have at most ${headerFieldsMax} header fields.`,
];
const badHost: Refusal = ["invalid_request", "Send one header Host, with a host name and its port alone."];
const badTarget: Refusal = [
  "invalid_request",
  "Send a path that starts with a slash, and no # or backslash in it; a whole URL has to be of the Host.",
];

/**
 * Fields that say one thing once. Of two, Node keeps the first, or joins them with a comma, where others take
 * the last. If-Match and the like are lists: two of them are one that is longer.
 */
const single = [
  ...["authorization", "content-encoding", "content-length", "content-type", "expect", "host"],
  ...["idempotency-key", "origin", "transfer-encoding", "x-request-id"],
];
const bits = new Map(single.map((name, index) => [name, 2 ** index]));
/** A bit for the length of each of them. */
const lengths = single.reduce((mask, { length }) => mask | (1 << length), 0);

function fieldsFault({ rawHeaders }: IncomingMessage): Refusal | null {
  if (rawHeaders.length > 2 * headerFieldsMax) return tooManyFields;
  // Two of one name have one length: nearly every request is good by that alone, without a look-up.
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
  // RFC 9112 §6.1: whoever forwarded it may have taken the body for something else.
  if (httpVersion === "1.0") return ["invalid_request", "HTTP/1.0 has no Transfer-Encoding: send HTTP/1.1."];
  if (encoding.toLowerCase() === "chunked") return null;
  return ["invalid_request", "The only Transfer-Encoding that is read is chunked."];
}

/** The Host that was found good last: nearly every request has the same. */
let goodHost = "";

/** RFC 9112 §3.2: every request of HTTP/1.1 has one. */
function hostFault({ headers, httpVersion }: IncomingMessage): Refusal | null {
  const { host } = headers;
  if (host === goodHost) return null;
  if (host === undefined) return httpVersion === "1.0" ? null : badHost;
  if (host.length > 262 || !/^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::\d{1,5})?$/i.test(host))
    return badHost;
  goodHost = host;
  return null;
}

/** The path that was found good last, as `goodHost`. */
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

/** RFC 9112 §3.2.2: a whole URL is taken, as proxies send it. From here on it is its path. */
function absoluteFault(req: IncomingMessage, target: string): Refusal | null {
  const [, authority = "", path = ""] = /^https?:\/\/([^/?#\\@]+)([/?][^#\\]*)?$/i.exec(target) ?? [];
  if (authority === "" || authority.toLowerCase() !== req.headers.host?.toLowerCase()) return badTarget;
  req.url = path.startsWith("/") ? path : `/${path}`;
  return null;
}
