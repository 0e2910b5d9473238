import type { Socket } from "node:net";
import { addressRanges, type ListenTarget, type Metrics, type PublicTarget } from "@mosis/runtime";
import type { Apps } from "./app.ts";
import { listen, type Listening } from "./server.ts";

interface ServeOptions {
  /** The port for clients. Without `management` the process has only this port. */
  http: ListenTarget & Partial<PublicTarget>;
  /** Ranges in CIDR notation: see `createClientAddress`. */
  trustedProxies?: readonly string[];
  metrics: Metrics;
  requestTimeoutMs: number;
  headersTimeoutMs: number;
  /** Returns whether a new connection of a client may stay: see `listen`. */
  admits?: (socket: Socket) => boolean;
}

/**
 * Load balancers that check every second, or see `Connection: close`, have noticed by then.
 * @limit the notice that an HTTP server gives before it drains
 */
const drainNoticeMs = 1000;

export interface Serving extends Listening {
  /** The URL of health and metrics: the same as `url` unless they have a port of their own. */
  managementUrl: string;
}

/**
 * Listens for clients, and for operators when health and metrics have a port of their own.
 * @throws Error `EADDRINUSE` and the like when a port is not available.
 */
export async function serve({ app, management }: Apps, options: ServeOptions): Promise<Serving> {
  const { http, trustedProxies = [], metrics, admits, ...timeouts } = options;
  const { host, port, management: managementTarget, ...limits } = http;
  const connections = { ...limits, trustedProxies: addressRanges(trustedProxies) };
  const shared = { host, port, drainNoticeMs, ...timeouts };
  const server = await listen(app, { ...shared, connections, metrics, admits });
  if (!management || !managementTarget) return { ...server, managementUrl: server.url };
  try {
    const operators = await listen(management, { ...managementTarget, ...timeouts });
    return {
      ...server,
      managementUrl: operators.url,
      // This closes last: readiness and metrics can be read while the running requests end.
      async close() {
        operators.announceClose();
        await server.close();
        await operators.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}
