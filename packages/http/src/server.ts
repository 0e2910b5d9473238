import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { addressRanges, type Metrics, newId } from "@mosis/runtime";
import { problems } from "@mosis/types/problems";
import { answerOf, type ConnectionLimits, Connections } from "./connections.ts";
import { problem, sendProblem } from "./problem.ts";
import { formFault, type Refusal } from "./request-form.ts";
import { requestId } from "./request-id.ts";
import { closeBehindUnread } from "./unread-body.ts";

export interface ListenOptions {
  /** The port; 0 lets the system choose. */
  port: number;
  /** The address to listen on. Default 127.0.0.1: only this machine. */
  host?: string;
  /** The time from the first byte of a request to the last of its body. */
  requestTimeoutMs: number;
  headersTimeoutMs: number;
  /** The time that an idle connection is kept. It is longer than a load balancer's. Default 65 s. */
  keepAliveTimeoutMs?: number;
  /**
   * Limits for all clients and for one address (a /64 of IPv6), and the proxies that carry many: see
   * `Connections`.
   */
  connections?: Partial<ConnectionLimits>;
  /** Counts connections. Without it they are not counted. */
  metrics?: Metrics | undefined;
  /**
   * Returns whether a new connection may stay. Otherwise it is dropped, and nothing of it is read. Default:
   * all may stay.
   */
  admits?: ((socket: Socket) => boolean) | undefined;
  /**
   * The time that `close` first goes on serving, with `/readyz` 503 and `Connection: close`. Load balancers
   * then send elsewhere, and no client finds its connection closed when it sends. Default 0.
   */
  drainNoticeMs?: number;
  /** The time that `close` waits for running requests before it cuts them off. Default 8 s. */
  drainTimeoutMs?: number;
}

export interface Listening {
  url: string;
  port: number;
  /**
   * Makes `/readyz` answer 503 from now on, and every answer the last one of its connection. `close` begins
   * with it as well.
   */
  announceClose(): void;
  /**
   * Accepts no new connection, lets running requests end, closes idle connections, and cuts the rest at the
   * deadline.
   */
  close(): Promise<void>;
}

/**
 * Bytes of all header fields of a request together: Node's own bound, which a refusal names.
 * @limit the header of a request
 */
const headerBytesMax = 16_384;

/** One address may have many people behind it, and ten such addresses still do not fill the server. */
const connectionDefaults: ConnectionLimits = {
  connectionsMax: 10_000,
  connectionsPerAddressMax: 1000,
  trustedProxies: addressRanges([]),
};

/**
 * Listens for requests.
 * @throws Error `EADDRINUSE` and the like when the port is not available.
 */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const { port, host = "127.0.0.1", requestTimeoutMs, headersTimeoutMs } = options;
  const { keepAliveTimeoutMs = 65_000, drainNoticeMs = 0, drainTimeoutMs = 8000, metrics } = options;
  const connections = new Connections({ ...connectionDefaults, ...options.connections }, metrics);
  let isClosing = false;
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
      noDelay: true,
      // Node's own refusal would be a bare 400.
      requireHostHeader: false,
      // This overrides the command line.
      insecureHTTPParser: false,
      maxHeaderSize: headerBytesMax,
    },
    (req, res) => {
      connections.touch(req.socket);
      closeBehindUnread(req, res);
      if (isClosing) res.shouldKeepAlive = false;
      if (!isServed(req, res)) return;
      if (isClosing && asksForReadiness(req)) answerNotReady(res);
      else app(req, res);
    },
  );
  // Node silently drops the fields beyond its bound; `formFault` refuses them.
  server.maxHeadersCount = 0;
  server.prependListener("connection", (socket: Socket) => connections.admit(socket));
  if (options.admits) dropUnadmitted(server, options.admits);
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
  const announceClose = () => {
    isClosing = true;
    connections.endBehindAnswers();
  };
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    announceClose,
    async close() {
      announceClose();
      if (drainNoticeMs > 0) await delay(drainNoticeMs);
      await drain(server, drainTimeoutMs);
    },
  };
}

function dropUnadmitted(server: Server, admits: (socket: Socket) => boolean): void {
  server.on("connection", (socket: Socket) => {
    if (!admits(socket)) socket.destroy();
  });
}

function asksForReadiness({ method, url }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && /^\/readyz(\?|$)/.test(url ?? "");
}

/** Answers in the form of `statusRoutes`. */
function answerNotReady(res: ServerResponse): void {
  const process = { ready: false, detail: "It ends: send elsewhere." };
  res.writeHead(503, { "content-type": "application/json; charset=utf-8" });
  res.end(JSON.stringify({ status: "not_ready", checks: { process } }));
}

const idlePollMs = 20;

async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
  // A kept-alive connection becomes idle when its last answer is out, and no event reports that.
  const idle = setInterval(() => server.closeIdleConnections(), idlePollMs);
  const deadline = setTimeout(() => server.closeAllConnections(), timeoutMs);
  try {
    await closed;
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
}

/**
 * Connections on which no later request is served, because it would be unclear where it begins, or who sent
 * it.
 */
const ending = new WeakSet<Socket>();

function isServed(req: IncomingMessage, res: ServerResponse): boolean {
  if (ending.has(req.socket)) return false;
  const fault = formFault(req);
  if (fault) {
    refuse(req, res, fault);
    return false;
  }
  if (req.headers.upgrade !== undefined) {
    // After an upgrade was declined Node's parser reports no error, and data that is not HTTP would keep the
    // connection waiting until it times out.
    res.shouldKeepAlive = false;
    ending.add(req.socket);
  }
  return true;
}

function refuseExpectation(req: IncomingMessage, res: ServerResponse): void {
  refuse(req, res, ["expectation_failed", "The only expectation that can be met is 100-continue."]);
}

function refuse(req: IncomingMessage, res: ServerResponse, [code, detail]: Refusal): void {
  ending.add(req.socket);
  sendProblem(res, problem(code, detail, { headers: { Connection: "close" } }), requestId(req));
}

/**
 * Sends `100 Continue` when the body is first read (RFC 9110 §10.1.1), which is after the key was checked. A
 * client that was refused before that may send the body or not, so it would be unclear where its next request
 * begins: the connection is closed.
 */
function continueWhenRead(req: IncomingMessage, res: ServerResponse): void {
  const { shouldKeepAlive } = res;
  res.shouldKeepAlive = false;
  req.once("resume", () => {
    if (res.headersSent) return;
    if (!ending.has(req.socket)) res.shouldKeepAlive = shouldKeepAlive;
    res.writeContinue();
  });
}

/**
 * Answers requests that are not HTTP, or whose head is too slow or too large. They never reach the
 * application.
 */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (ending.has(socket)) {
    // The request has been answered by then.
    socket.end();
    return;
  }
  // A refusal of what follows a request would be read as the answer to it.
  const answer = answerOf(socket);
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

const notHttp: Refusal = ["invalid_request", "This is not a valid HTTP request."];
const malformed: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "Send the whole request faster."],
  HPE_HEADER_OVERFLOW: ["header_too_large", `All headers of a request may have ${headerBytesMax} bytes.`],
};
