// The clients: several keep-alive connections that send what the plan contains and never give up a batch.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { BatchAccepted } from "@mosis/types/telemetry";
import { isWorthRetrying } from "@mosis/client";
import { acknowledge, countDistinct, type Ledger } from "./ledger.ts";
import type { PlannedBatch } from "./traffic.ts";

const compress = promisify(gzip);

export interface SendOptions {
  /** Base URL of the ingest service. */
  endpoint: string;
  /** The ingest key of each app, by its index. */
  keys: readonly string[];
  connections: number;
  /** Upper bound of events a second; Infinity sends as fast as answers come. */
  eventsPerSecondMax: number;
  /** The run ends when a batch is not acknowledged for this long. */
  deadlineMs: number;
  onAcknowledged: (events: number) => void;
}

/**
 * Sends every batch until it is acknowledged, and writes what happened into the ledger.
 * @throws Error when the platform refuses a batch that the plan knows to be valid, or is down for longer than
 * the deadline.
 */
export async function sendAll(
  plan: Iterable<PlannedBatch>,
  ledger: Ledger,
  options: SendOptions,
): Promise<void> {
  const batches = plan[Symbol.iterator]();
  const startedAt = performance.now();
  let events = 0;
  const connection = async () => {
    for (let next = batches.next(); !next.done; next = batches.next()) {
      const batch = next.value;
      events += batch.events.length;
      const earlyMs = (events / options.eventsPerSecondMax) * 1000 - (performance.now() - startedAt);
      if (earlyMs > 1) await sleep(earlyMs);
      await sendBatch(batch, ledger, options);
      countDistinct(ledger, batch);
      options.onAcknowledged(batch.events.length);
      if (batch.encore === "none") continue;
      const batchId = batch.encore === "same_batch" ? batch.batchId : randomUUID();
      await sendBatch({ ...batch, batchId }, ledger, options);
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
}

const attemptTimeoutMs = 30_000;

/** Sends one batch until it is acknowledged, always under the same batch id. */
export async function sendBatch(batch: PlannedBatch, ledger: Ledger, options: SendOptions): Promise<void> {
  const giveUpAt = performance.now() + options.deadlineMs;
  let unknown = 0;
  for (let failures = 0; ; failures++) {
    const startedAt = performance.now();
    const attempt = await post(batch, options);
    ledger.attempts.sent++;
    if (attempt.kind === "acknowledged") {
      ledger.latencies.push(performance.now() - startedAt);
      acknowledge(ledger, batch, attempt.answer, unknown);
      return;
    }
    ledger.attempts[attempt.kind]++;
    if (attempt.kind === "unknown") unknown++;
    if (performance.now() > giveUpAt) {
      throw new Error(`A batch was not acknowledged in ${options.deadlineMs / 1000} s: ${attempt.reason}`);
    }
    await sleep(
      Math.max(attempt.notBeforeMs, Math.min(2_000, 100 * 2 ** Math.min(failures, 10)) * Math.random()),
    );
  }
}

type Attempt =
  | { kind: "acknowledged"; answer: BatchAccepted }
  /** The platform has certainly not accepted the batch. */
  | { kind: "postponed"; notBeforeMs: number; reason: string }
  /**
   * The attempt was cut off, or failed on the server's side: nobody knows if the platform accepted the batch.
   */
  | { kind: "unknown"; notBeforeMs: number; reason: string };

async function post(batch: PlannedBatch, { endpoint, keys }: SendOptions): Promise<Attempt> {
  const request = await requestOf(batch, keys[batch.app] as string);
  try {
    const response = await fetch(`${endpoint}/v1/telemetry/batches`, request);
    const text = await response.text();
    if (response.status === 202) return { kind: "acknowledged", answer: JSON.parse(text) as BatchAccepted };
    const reason = `${response.status} ${text}`;
    if (!isWorthRetrying(response.status)) throw new RefusedError(reason);
    const notBeforeMs = 1000 * Number(response.headers.get("retry-after") ?? 0);
    return { kind: response.status < 500 ? "postponed" : "unknown", notBeforeMs, reason };
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    const reason = code ?? String(error);
    return { kind: code === "ECONNREFUSED" ? "postponed" : "unknown", notBeforeMs: 0, reason };
  }
}

/** The platform refused a valid batch. */
class RefusedError extends Error {
  constructor(answer: string) {
    super(`The ingest service refused a valid batch: ${answer}`);
  }
}

async function requestOf(batch: PlannedBatch, key: string): Promise<RequestInit> {
  const { batchId, context, events, clockAheadMs } = batch;
  const text = JSON.stringify({
    batch_id: batchId,
    sent_at: new Date(Date.now() + clockAheadMs).toISOString(),
    sdk: { name: "mosis-demo", version: "1.0.0" },
    context,
    events,
  });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const signal = AbortSignal.timeout(attemptTimeoutMs);
  if (!batch.gzip) return { method: "POST", headers, body: text, signal };
  const body = new Uint8Array(await compress(text));
  return { method: "POST", headers: { ...headers, "content-encoding": "gzip" }, body, signal };
}
