// Plans what the demo's apps send before anything is sent, so that the counts do not depend on the platform.
import { randomUUID } from "node:crypto";
import type { BatchContext, EventCode } from "@mosis/types/telemetry";
import { appOf, contextOf, createDice, type Dice, eventsPerSession, sessionEvents } from "../lifelike.ts";
import { faults } from "./faults.ts";

/** One batch and the result that it must have. */
export interface PlannedBatch {
  batchId: string;
  /** The index of the app. */
  app: number;
  context: BatchContext;
  events: unknown[];
  /** Milliseconds that the device's clock is ahead of the true time. */
  clockAheadMs: number;
  gzip: boolean;
  /** The names of the valid events, in their order. */
  validNames: string[];
  /** Position → code of the events that must be refused. */
  refused: Map<number, EventCode>;
  /**
   * The client's next step after the acknowledgement: nothing; send the same batch again, like a client that
   * lost the answer; or send the same events under a new batch id, like one that was reinstalled from a
   * backup.
   */
  encore: "none" | "same_batch" | "new_batch";
}

export interface TrafficOptions {
  seed: number;
  /** The number of apps. */
  apps: number;
  /** The number of events to plan, including invalid ones, without encores. */
  events: number;
  nowMs: number;
}

const dayMs = 86_400_000;
const installs = 40_000;

export function* planTraffic({ seed, apps, events, nowMs }: TrafficOptions): Generator<PlannedBatch> {
  const dice = createDice(seed);
  let planned = 0;
  let session = 0;
  for (let n = 0; planned < events; n++) {
    const sessions = sessionsOf(dice(40, n));
    const batch = planBatch(dice, { n, session, sessions, apps, nowMs, eventsMax: events - planned });
    session += sessions;
    planned += batch.events.length;
    yield batch;
  }
}

/**
 * Returns the number of sessions in a batch. Most clients send one session; some were offline for long. At
 * most 1000 events, the limit of a batch.
 */
function sessionsOf(chance: number): number {
  if (chance < 0.5) return 1;
  if (chance < 0.75) return 2;
  if (chance < 0.9) return 4;
  if (chance < 0.98) return 8;
  return chance < 0.995 ? 20 : 50;
}

interface Place {
  n: number;
  session: number;
  sessions: number;
  apps: number;
  nowMs: number;
  eventsMax: number;
}

function planBatch(dice: Dice, place: Place): PlannedBatch {
  const { n, session, sessions, apps, nowMs, eventsMax } = place;
  const app = appOf(dice, session, apps);
  const clockAheadMs = dice(41, n) < 0.02 ? Math.floor((dice(42, n) - 0.5) * 4 * dayMs) + 300_000 : 0;
  const batch: PlannedBatch = {
    batchId: randomUUID(),
    app,
    context: contextOf(dice, Math.floor(installs * dice(43, n)), session),
    events: [],
    clockAheadMs,
    gzip: dice(44, n) < 0.4,
    validNames: [],
    refused: new Map(),
    encore: encoreOf(dice(45, n)),
  };
  for (let k = session; k < session + sessions; k++) {
    for (const event of sessionEvents(dice, k, app, startOf(dice, k, nowMs) + clockAheadMs)) {
      const position = batch.events.length;
      if (position >= eventsMax) break;
      const place = k * eventsPerSession + position;
      const fault = dice(46, place) < 0.01 ? faults[Math.floor(faults.length * dice(47, place))] : undefined;
      batch.events.push(fault ? fault.spoil(event) : event);
      if (fault) batch.refused.set(position, fault.code);
      else batch.validNames.push(event.name);
    }
  }
  return batch;
}

function encoreOf(chance: number): PlannedBatch["encore"] {
  if (chance < 0.02) return "same_batch";
  return chance < 0.025 ? "new_batch" : "none";
}

/**
 * Returns a start in the last seven days, quiet at night and busy in the evening; 3 % of clients were offline
 * for up to four weeks.
 */
function startOf(dice: Dice, k: number, nowMs: number): number {
  const isLate = dice(50, k) < 0.03;
  const daysAgo = isLate ? 7 + Math.floor(21 * dice(51, k)) : Math.floor(7 * dice(51, k));
  let hour = 24 * dice(52, k);
  // Rejection sampling: an hour is kept with the probability that anybody is awake in it.
  for (let i = 1; i < 8 && dice(52 + i, k) > activity(hour); i++) hour = 24 * dice(60 + i, k);
  const time = Math.floor(nowMs / dayMs) * dayMs - daysAgo * dayMs + Math.floor(hour * 3_600_000);
  return time > nowMs - 600_000 ? time - dayMs : time;
}

function activity(hour: number): number {
  return 0.15 + 0.85 * Math.max(0, Math.sin(((hour - 6) / 18) * Math.PI)) ** 2;
}
