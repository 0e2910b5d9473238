import type { IncomingMessage, ServerResponse } from "node:http";
import { endUnread, isRestLong } from "./unread-body.ts";
import { type ProblemBody, type ProblemCode, type ProblemDetail, problems } from "@mosis/types/problems";

interface ProblemOptions {
  errors?: ProblemDetail[];
  /** Header fields of the answer, e.g. `Retry-After`. */
  headers?: Record<string, string>;
  /** The internal error. It is never shown, and is logged when the status is 5xx. */
  cause?: unknown;
}

/**
 * The one error type of the HTTP layer. `problem()` makes it; any other error that a handler throws becomes a
 * 500.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  readonly errors: ProblemDetail[] | undefined;
  readonly headers: Record<string, string>;

  constructor(code: ProblemCode, detail: string, { errors, headers = {}, cause }: ProblemOptions = {}) {
    super(`${code}: ${detail}`, { cause });
    this.name = "Problem";
    this.code = code;
    this.status = problems[code][0];
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
  }
}

/**
 * Makes a Problem.
 * @param code A code of the closed list. It decides status and title.
 * @param detail A public sentence that says what to do.
 */
export function problem(code: ProblemCode, detail: string, options: ProblemOptions = {}): Problem {
  return new Problem(code, detail, options);
}

/**
 * Answers with `application/problem+json` (RFC 9457). It also works on a bare `node:http` response. When the
 * head of an answer was sent already, the connection is cut: half an answer must not look like a whole one.
 */
export function sendProblem(res: ServerResponse, problem: Problem, requestId: string): void {
  const body: ProblemBody = {
    type: `https://mosis.dev/problems/${problem.code}`,
    title: problems[problem.code][1],
    status: problem.status,
    detail: problem.detail,
    instance: pathOf(res.req),
    code: problem.code,
    request_id: requestId,
    ...(problem.errors ? { errors: problem.errors } : {}),
  };
  const headers = { ...problem.headers, "Content-Type": "application/problem+json" };
  endRefused(res, { status: problem.status, headers, requestId }, Buffer.from(JSON.stringify(body)));
}

interface RefusedHead {
  status: number;
  headers: Record<string, string>;
  requestId: string;
}

/**
 * Ends a refused request with an answer in any form. A short rest of its body is read and thrown away;
 * otherwise nothing more is read, and the connection is closed.
 */
export function endRefused(res: ServerResponse, head: RefusedHead, body: Uint8Array): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const isUnread = isRestLong(res.req);
  res.writeHead(head.status, {
    ...head.headers,
    ...(isUnread ? { Connection: "close" } : {}),
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    "X-Request-Id": head.requestId,
  });
  if (isUnread) endUnread(res, body);
  else res.end(body);
}

const instanceLengthMax = 512;

/**
 * Returns the path as the client sent it. It leaves the query out, which may hold what should not be
 * repeated.
 */
function pathOf(req: IncomingMessage & { originalUrl?: string }): string {
  const url = req.originalUrl ?? req.url ?? "";
  const end = url.indexOf("?");
  return (end === -1 ? url : url.slice(0, end)).slice(0, instanceLengthMax);
}
