import type { Socket } from "node:net";
import { addressRanges, type ListenTarget, type Metrics, type PublicTarget } from "@mosis/runtime";
import type { Apps } from "./app.ts";
import { listen, type Listening } from "./server.ts";

interface ServeOptions {
  /** Without `management` the process has one port. */
  http: ListenTarget & Partial<PublicTarget>;
  /** Ranges in CIDR notation: see `createClientAddress`. */
  trustedProxies?: readonly string[];
  metrics: Metrics;
  requestTimeoutMs: number;
  headersTimeoutMs: number;
  /** Whether a new connection of a client may stay: see `listen`. */
  admits?: (socket: Socket) => boolean;
}

/** Load balancers that ask every second, or see `Connection: close`, have heard of it by then. */
const drainNoticeMs = 1000;

export interface Serving extends Listening {
  /** Where health and metrics are: the same as `url` unless they have a port of their own. */
  managementUrl: string;
}

/**
 * Listens for clients, and for operators where health and metrics have a port of their own.
 * @throws Error `EADDRINUSE` and the like when a port cannot be had.
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
      // Last: readiness and metrics can be read while the running requests end.
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
