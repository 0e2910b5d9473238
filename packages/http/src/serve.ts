import type { ListenTarget, PublicTarget } from "@mosis/runtime";
import type { Apps } from "./app.ts";
import { listen, type Listening } from "./server.ts";

interface ServeOptions {
  /** Null or no `management`: the process has one port. */
  http: ListenTarget & Partial<Pick<PublicTarget, "management">>;
  requestTimeoutMs: number;
  headersTimeoutMs: number;
}

export interface Serving extends Listening {
  /** Where health and metrics are: the same as `url` unless they have a port of their own. */
  managementUrl: string;
}

/**
 * Listens for clients, and for operators where health and metrics have a port of their own.
 * @throws Error `EADDRINUSE` and the like when a port cannot be had.
 */
export async function serve({ app, management }: Apps, options: ServeOptions): Promise<Serving> {
  const { http, ...timeouts } = options;
  const { host, port } = http;
  const server = await listen(app, { host, port, ...timeouts });
  if (!management || !http.management) return { ...server, managementUrl: server.url };
  try {
    const operators = await listen(management, { ...http.management, ...timeouts });
    return {
      ...server,
      managementUrl: operators.url,
      // Last: readiness and metrics can be read while the running requests end.
      async close() {
        await server.close();
        await operators.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}
