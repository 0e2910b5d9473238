import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type OperationObject, type ResponseObject, routesOf } from "./api-document.ts";
import { createSchemaCheck, type SchemaCheck } from "./schema-check.ts";

/** One answer, as it was sent. */
interface Answered {
  method: string;
  /** The URL with the query string. */
  url: string;
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface Contract {
  /** Returns the app with each of its answers checked against the document. */
  watch(app: RequestListener): RequestListener;
  /** The breaches of the document, one sentence each. */
  breaches: string[];
  /** The number of answers of each operation, by `GET /v1/apps 200`. */
  seen: Map<string, number>;
}

/**
 * Statuses that may refuse a request of any route before the route sees it; no operation of the document has
 * them.
 */
const refusedBefore = new Set([405, 408, 417, 431]);

/** Header fields that do not depend on the operation. */
const silentFields = new Set([
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "keep-alive",
  "transfer-encoding",
  "vary",
  "content-security-policy",
  "referrer-policy",
  "x-content-type-options",
  "strict-transport-security",
  "cross-origin-resource-policy",
]);

/**
 * Checks answers against an OpenAPI document: it has the operation's status, the body fits its schema, and
 * exactly the fields that it requires are there.
 */
export function createContract(document: object): Contract {
  const breaches: string[] = [];
  const seen = new Map<string, number>();
  const find = routesOf(document);
  const check = createChecks(document);
  return {
    breaches,
    seen,
    watch: (app) => (req, res) => {
      record(req, res, (answered) => {
        const route = find(answered.method, answered.url);
        const name = `${answered.method} ${route?.path ?? "unknown path"} ${answered.status}`;
        seen.set(name, (seen.get(name) ?? 0) + 1);
        const found = check(route?.operation, answered);
        if (found !== null) breaches.push(`${name}: ${found}`);
      });
      app(req, res);
    },
  };
}

/** Calls back with the answer when all of it was sent. */
function record(req: IncomingMessage, res: ServerResponse, done: (answered: Answered) => void): void {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const write = res.write.bind(res) as (...all: unknown[]) => boolean;
  const end = res.end.bind(res) as (...all: unknown[]) => ServerResponse;
  res.write = (...all: unknown[]) => {
    keep(all[0]);
    return write(...all);
  };
  res.end = (...all: unknown[]) => {
    keep(all[0]);
    return end(...all);
  };
  const { method = "", url = "" } = req;
  res.once("finish", () => {
    const headers = res.getHeaders() as Record<string, string>;
    done({ method, url, status: res.statusCode, headers, body: Buffer.concat(chunks) });
  });
}

function createChecks(document: object) {
  const faultOf = createSchemaCheck(document);
  return (operation: OperationObject | undefined, answered: Answered): string | null => {
    const { status } = answered;
    const response = operation?.responses[status];
    if (!response) {
      const isNotReady = answered.url === "/readyz" && status === 503;
      const isExpected = operation ? refusedBefore.has(status) : status < 500 || isNotReady;
      return isExpected ? null : "the document has no such answer";
    }
    return fieldFault(response, answered) ?? bodyFault(response, answered, faultOf);
  };
}

function fieldFault({ headers = {} }: ResponseObject, answered: Answered): string | null {
  const described = new Map(Object.entries(headers).map(([name, field]) => [name.toLowerCase(), field]));
  for (const [name, { required }] of described) {
    if (required === true && answered.headers[name] === undefined) return `the field ${name} is missing`;
  }
  const unknown = Object.keys(answered.headers)
    .map((name) => name.toLowerCase())
    .find((name) => !described.has(name) && !silentFields.has(name) && !name.startsWith("access-control-"));
  return unknown === undefined ? null : `the field ${unknown} is not described`;
}

function bodyFault(
  { content = {} }: ResponseObject,
  answered: Answered,
  faultOf: SchemaCheck,
): string | null {
  const { method, body, headers } = answered;
  if (method === "HEAD") return null;
  if (Object.keys(content).length === 0) return body.length === 0 ? null : "it has a body";
  const type = (headers["content-type"] ?? "").split(";", 1)[0] ?? "";
  const media = content[type];
  if (!media) return `the type ${type} is not described`;
  if (media.schema === undefined || !type.endsWith("json")) return null;
  const value = JSON.parse(body.toString()) as { page?: { next_cursor?: string | null } };
  return faultOf(media.schema, value) ?? linkFault(value, headers);
}

/** Returns a fault when a page with a next one does not link to it. */
function linkFault(value: { page?: { next_cursor?: string | null } }, headers: Answered["headers"]) {
  const cursor = value.page?.next_cursor;
  const link = headers["link"];
  if (typeof cursor !== "string") return link === undefined ? null : "it links to a page that is not there";
  return link?.includes(`cursor=${cursor}`) === true ? null : "the field link does not lead to the next page";
}
