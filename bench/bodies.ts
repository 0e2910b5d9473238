// Makes requests before the clock runs: whole HTTP messages whose ids and times are overwritten at every use,
// so that every event is new and making it costs next to nothing.
import { randomBytes, randomUUID } from "node:crypto";
import { appOf, contextOf, createDice, eventsPerSession, sessionEvents } from "../infra/local/lifelike.ts";

/** An HTTP request of one batch. */
export interface PreparedRequest {
  message: Buffer;
  events: number;
  /** The offsets at which the last group of each id starts. */
  idOffsets: number[];
  /** Sessions share an id: each entry is the offsets of one session's id. */
  sessionOffsets: number[][];
  /** The place of a time, in 13 digits or as nanoseconds of 64 bits, and how many ms before now it is. */
  times: { offset: number; agoMs: number; isNanoseconds?: true }[];
}

export interface BodyOptions {
  seed: number;
  host: string;
  /** The ingest key of each app. */
  keys: readonly string[];
  eventsPerRequest: number;
}

/** The digits of a UUID that are overwritten: its last group. The groups before it stay as they were made. */
const freeDigits = 12;
const poolDigits = 1 << 18;
const pool = Buffer.from(randomBytes(poolDigits / 2).toString("hex"), "latin1");

/** Returns the n-th app, and events of the last minutes, like sessions that have just ended. */
export function sessionsOf(n: number, { seed, keys, eventsPerRequest }: BodyOptions, nowMs: number) {
  const dice = createDice(seed);
  const sessions = Math.ceil(eventsPerRequest / eventsPerSession);
  const app = appOf(dice, n, keys.length);
  const events = Array.from({ length: sessions }, (_, i) =>
    sessionEvents(dice, n * sessions + i, app, nowMs - 400_000 - i * 60_000),
  )
    .flat()
    .slice(0, eventsPerRequest);
  return { app, events };
}

/** Makes the n-th request. */
export function prepareRequest(n: number, options: BodyOptions): PreparedRequest {
  const { seed, host, keys, eventsPerRequest } = options;
  const dice = createDice(seed);
  const nowMs = Date.now();
  const { app, events } = sessionsOf(n, options, nowMs);
  const body = JSON.stringify({
    batch_id: randomUUID(),
    sent_at: nowMs,
    sdk: { name: "mosis-bench", version: "1.0.0" },
    context: contextOf(dice, n, n),
    events,
  });
  const head = [
    "POST /v1/telemetry/batches HTTP/1.1",
    `host: ${host}`,
    `authorization: Bearer ${keys[app]}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "\r\n",
  ].join("\r\n");
  return locate(Buffer.from(head + body), head.length, nowMs, eventsPerRequest);
}

/** Overwrites ids and times with new ones. */
export function refresh({ message, idOffsets, sessionOffsets, times }: PreparedRequest, nowMs: number): void {
  for (const offset of idOffsets) {
    const half = freeDigits / 2;
    pool.copy(message, offset, firstPlace(), first + half);
    pool.copy(message, offset + half, secondPlace(), second + half);
  }
  for (const [offset = 0, ...others] of sessionOffsets) {
    pool.copy(message, offset, firstPlace(), first + freeDigits);
    for (const other of others) message.copy(message, other, offset, offset + freeDigits);
  }
  for (const { offset, agoMs, isNanoseconds } of times) {
    if (isNanoseconds) message.writeBigUInt64LE(BigInt(nowMs - agoMs) * 1_000_000n, offset);
    else message.write(String(nowMs - agoMs), offset, 13, "latin1");
  }
}

/** The batch id that the request carries now. */
export function batchIdOf({ message, idOffsets: [offset = 0] }: PreparedRequest): string {
  return message.toString("latin1", offset + freeDigits - 36, offset + freeDigits);
}

// Two walks through the pool whose lengths share no factor, so a pair of places comes again only after the
// product of both. With one walk, the second place followed from the first: there were only 262 132 pairs.
const firstRange = poolDigits - freeDigits;
const secondRange = firstRange - 1;
let first = Math.floor(Math.random() * firstRange);
let second = Math.floor(Math.random() * secondRange);

function firstPlace(): number {
  first = (first + 4_099) % firstRange;
  return first;
}

function secondPlace(): number {
  second = (second + 5_987) % secondRange;
  return second;
}

function locate(message: Buffer, bodyAt: number, nowMs: number, events: number): PreparedRequest {
  const request: PreparedRequest = { message, events, idOffsets: [], sessionOffsets: [], times: [] };
  const text = message.toString("latin1", bodyAt);
  const sessions = new Map<string, number[]>();
  for (const match of text.matchAll(/"(batch_id|install_id|event_id|session_id)":"([0-9a-f-]{36})"/g)) {
    const [whole, field, id] = match as unknown as [string, string, string];
    const offset = bodyAt + match.index + whole.length - 1 - freeDigits;
    if (field === "session_id") sessions.set(id, [...(sessions.get(id) ?? []), offset]);
    else request.idOffsets.push(offset);
  }
  request.sessionOffsets = [...sessions.values()];
  for (const match of text.matchAll(/"(?:time|sent_at)":(\d{13})/g)) {
    const offset = bodyAt + match.index + match[0].length - 13;
    request.times.push({ offset, agoMs: nowMs - Number(match[1]) });
  }
  return request;
}
