import { withoutEndSlashes } from "./endpoint.ts";
import { problemOf } from "./problem.ts";

/** The address and credentials with which a client reaches one service. */
export interface ClientOptions {
  /** The base URL of the service. */
  endpoint: string;
  /** The bearer token: a session's token or a key's secret. */
  token?: string;
  /** The longest time of one request; default 30 s. */
  requestTimeoutMs?: number;
  fetch?: typeof fetch;
}

export type Call = <T>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<T>;

/**
 * Returns a function that calls one service with JSON in and out. An answer without a body resolves with
 * undefined. Its promises reject with `MosisProblem` for every answer that is not 2xx, and with fetch's own
 * error when there is no answer.
 */
export function createCall({
  endpoint,
  token,
  requestTimeoutMs = 30_000,
  fetch: ask = fetch,
}: ClientOptions): Call {
  const base = withoutEndSlashes(endpoint);
  return async <T>(method: string, path: string, body?: unknown, further = {}): Promise<T> => {
    const headers: Record<string, string> = { accept: "application/json", ...further };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await ask(base + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (!response.ok) throw await problemOf(response);
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };
}

/** Returns `?a=1&b=2` from the values that are set, or an empty string. */
export function queryString(values: Record<string, string | number | boolean | undefined>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
  return query === "" ? "" : `?${query}`;
}
