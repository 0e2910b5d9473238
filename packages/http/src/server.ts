import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ProblemCode } from "@mosis/types/problems";
import { newId } from "@mosis/runtime";
import { problems } from "@mosis/types/problems";

export interface ListenOptions {
  /** 0 lets the system choose. */
  port: number;
  /** Default: every interface. */
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
  const { port, host, requestTimeoutMs, headersTimeoutMs } = options;
  const { keepAliveTimeoutMs = 65_000, connectionsMax = 10_000, drainTimeoutMs = 8000 } = options;
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
      noDelay: true,
    },
    app,
  );
  server.maxConnections = connectionsMax;
  server.on("clientError", refuseMalformed);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host ?? "127.0.0.1"}:${address.port}`,
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

/**
 * What is not HTTP, or too slow or too large a head, never reaches the
 * application: it is answered here, by hand.
 */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const code: ProblemCode = isLate ? "request_timeout" : "invalid_request";
  const detail =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "The header of the request is too large."
      : isLate
        ? "Send the whole request faster."
        : "This is not a valid HTTP request.";
  const [status, title] = problems[code];
  const id = newId();
  const type = `https://mosis.dev/problems/${code}`;
  const body = JSON.stringify({ type, title, status, detail, instance: "", code, request_id: id });
  socket.end(
    `HTTP/1.1 ${status} ${isLate ? "Request Timeout" : "Bad Request"}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-Id: ${id}\r\n\r\n${body}`,
  );
}
