import type { BatchAccepted, BatchContext } from "@mosis/types/telemetry";
import { type MosisProblem, problemOf } from "./problem.ts";
import type { QueuedEvent } from "./queue.ts";

/**
 * Events that are sent under one batch id. The id stays the same at every attempt, so a retry is harmless.
 */
export interface Batch {
  id: string;
  events: QueuedEvent[];
  context: BatchContext | undefined;
  /** The number of events that this client had to discard since its last acknowledged batch, by reason. */
  discarded: ReadonlyMap<string, number>;
  /** The time when the server first answered that it does not know the key or the app; null if it has not. */
  unknownSinceMs: number | null;
}

/** The address, credentials and options with which batches are sent. */
export interface Route {
  /** The base URL of the ingest service, without a slash at the end. */
  endpoint: string;
  key: string;
  packageId: string | undefined;
  sdk: { name: string; version: string };
  /** Bodies from this size on are sent with gzip. */
  gzipBytesMin: number;
  requestTimeoutMs: number;
  fetch: typeof fetch;
}

export type Outcome =
  | { kind: "accepted"; answer: BatchAccepted }
  /** The batch may have arrived or not, or the server asked to wait: the same batch has to be sent again. */
  | { kind: "again"; notBeforeMs: number; error: Error }
  /**
   * Another attempt would get the same answer, unless the server has not learned of the key or the app yet.
   */
  | { kind: "refused"; problem: MosisProblem };

/** Makes one attempt. Never throws: every result is an outcome. */
export async function deliver(batch: Batch, route: Route, signal: AbortSignal): Promise<Outcome> {
  try {
    const response = await send(batch, route, signal);
    if (response.status === 202) {
      // An answer that was cut off is an attempt with an unknown outcome, like a lost connection.
      return { kind: "accepted", answer: (await response.json()) as BatchAccepted };
    }
    const problem = await problemOf(response);
    if (isWorthRetrying(response.status)) {
      return { kind: "again", notBeforeMs: problem.retryAfterMs, error: problem };
    }
    return { kind: "refused", problem };
  } catch (error) {
    return {
      kind: "again",
      notBeforeMs: 0,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}

/** Returns true for 401 and 404: the server does not know the key, or the app. */
export function isOfUnknown({ status }: MosisProblem): boolean {
  return status === 401 || status === 404;
}

/**
 * Returns true for 408, 429 and 5xx, which may pass with time; any other 4xx is the sender's own mistake and
 * stays one.
 */
export function isWorthRetrying(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

async function send(batch: Batch, route: Route, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${route.key}`,
    "content-type": "application/json",
  };
  const text = bodyOf(batch, route);
  let body: string | ArrayBuffer = text;
  if (text.length >= route.gzipBytesMin) {
    body = await gzip(text);
    headers["content-encoding"] = "gzip";
  }
  return await route.fetch(`${route.endpoint}/v1/telemetry/batches`, {
    method: "POST",
    headers,
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(route.requestTimeoutMs)]),
  });
}

function bodyOf(batch: Batch, route: Route): string {
  const envelope = {
    batch_id: batch.id,
    package_id: route.packageId,
    // The time is set anew at every attempt: the server measures the skew of our clock against it.
    sent_at: Date.now(),
    sdk: route.sdk,
    context: batch.context,
    discarded: batch.discarded.size === 0 ? undefined : Array.from(batch.discarded, entryOf),
  };
  const events = batch.events.map((event) => event.json).join(",");
  return `${JSON.stringify(envelope).slice(0, -1)},"events":[${events}]}`;
}

function entryOf([reason, count]: [string, number]): { reason: string; count: number } {
  return { reason, count: Math.min(count, 4_294_967_295) };
}

async function gzip(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).arrayBuffer();
}
