import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ProblemCode } from "@mosis/types/problems";
import { newId } from "@mosis/runtime";
import { problems } from "@mosis/types/problems";
import { problem, sendProblem } from "./problem.ts";
import { requestId } from "./request-id.ts";

export interface ListenOptions {
  /** 0 lets the system choose. */
  port: number;
  /** Default 127.0.0.1: only this machine. */
  host?: string;
  /** From the first byte of a request to the last of its body. */
  requestTimeoutMs: number;
  headersTimeoutMs: number;
  /** How long an idle connection is kept; longer than a load balancer keeps it. Default 65 s. */
  keepAliveTimeoutMs?: number;
  /** More connections are dropped at once. Default 10 000. */
  connectionsMax?: number;
  /** How long `close` waits for running requests before it cuts them off. Default 8 s. */
  drainTimeoutMs?: number;
}

export interface Listening {
  url: string;
  port: number;
  /**
   * Takes no new connection, lets running requests end, closes idle
   * connections, and cuts the rest at the deadline.
   */
  close(): Promise<void>;
}

/** @throws Error `EADDRINUSE` and the like when the port cannot be had. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const { port, host = "127.0.0.1", requestTimeoutMs, headersTimeoutMs } = options;
  const { keepAliveTimeoutMs = 65_000, connectionsMax = 10_000, drainTimeoutMs = 8000 } = options;
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
      noDelay: true,
      // Node's own refusal is a bare 400.
      requireHostHeader: false,
    },
    (req, res) => {
      // Behind an upgrade that was declined Node's parser tells of no error, and what is not HTTP would be
      // waited for until it is late.
      if (req.headers.upgrade !== undefined) res.shouldKeepAlive = false;
      if (hasHost(req)) app(req, res);
      else refuseHostless(req, res);
    },
  );
  server.maxConnections = connectionsMax;
  server.on("clientError", refuseMalformed);
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    continueWhenRead(req, res);
    server.emit("request", req, res);
  });
  server.on("checkExpectation", refuseExpectation);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close: () => drain(server, drainTimeoutMs),
  };
}

const idlePollMs = 20;

async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
  // A kept-alive connection becomes idle when its last answer is out, and nothing tells us.
  const idle = setInterval(() => server.closeIdleConnections(), idlePollMs);
  const deadline = setTimeout(() => server.closeAllConnections(), timeoutMs);
  try {
    await closed;
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
}

/** RFC 9112 §3.2: every request of HTTP/1.1 has one. */
function hasHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host !== undefined || httpVersion !== "1.1";
}

function refuseHostless(req: IncomingMessage, res: ServerResponse): void {
  refuse(req, res, "invalid_request", "The request has no header Host.");
}

function refuseExpectation(req: IncomingMessage, res: ServerResponse): void {
  refuse(req, res, "expectation_failed", "The only expectation that can be met is 100-continue.");
}

function refuse(req: IncomingMessage, res: ServerResponse, code: ProblemCode, detail: string): void {
  sendProblem(res, problem(code, detail, { headers: { Connection: "close" } }), requestId(req));
}

/**
 * A client that waits for leave to send its body gets it when the body is first read (RFC 9110 §10.1.1), that
 * is after its key was checked. Refused before that, it may send the body or not, so nobody could tell where
 * its next request begins: the connection is closed.
 */
function continueWhenRead(req: IncomingMessage, res: ServerResponse): void {
  const { shouldKeepAlive } = res;
  res.shouldKeepAlive = false;
  req.once("resume", () => {
    if (res.headersSent) return;
    res.shouldKeepAlive = shouldKeepAlive;
    res.writeContinue();
  });
}

/**
 * What is not HTTP, or too slow or too large a head, never reaches the
 * application: it is answered here, by hand.
 */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Answering): void {
  // A refusal of what follows a request would be read as the answer to it.
  // oxlint-disable-next-line no-underscore-dangle -- Node's name.
  const answer = socket._httpMessage;
  const isAwaited = answer?.req.complete === true && !answer.writableEnded;
  if (error.code === "ECONNRESET" || !socket.writable || isAwaited) {
    socket.destroy();
    return;
  }
  const [code, detail] = malformed[error.code ?? ""] ?? notHttp;
  const [status, title] = problems[code];
  const id = newId();
  const type = `https://mosis.dev/problems/${code}`;
  const body = JSON.stringify({ type, title, status, detail, instance: "", code, request_id: id });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-Id: ${id}\r\n\r\n${body}`,
  );
}

/** Node keeps the answer that is under way there. It is in no document, but tests would miss it. */
type Answering = Socket & { _httpMessage?: ServerResponse | null };

type Refusal = readonly [ProblemCode, string];

const notHttp: Refusal = ["invalid_request", "This is not a valid HTTP request."];
const malformed: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "Send the whole request faster."],
  HPE_HEADER_OVERFLOW: ["header_too_large", "All headers of a request together may have 16 KiB."],
};
