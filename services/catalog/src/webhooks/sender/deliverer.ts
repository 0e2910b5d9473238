import type { Pool, Session } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import { Waker } from "../../shared/waker.ts";
import { deliveriesChannel } from "../../changes/outbox/queries.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import type { AttemptDeps } from "./attempt.ts";
import { deliver } from "./deliver.ts";
import { createMeters, type Meters } from "./meters.ts";
import { type Claimed, claimDue, listDue, measureDeliveries, sweepDeliveries } from "./queries.ts";
import { type Place, Room, type RoomLimits } from "./capacity.ts";

export interface DelivererOptions {
  db: Pool;
  /** A connection of its own, for notifications. */
  openSession: () => Promise<Session>;
  secrets: SecretBox;
  attempt: AttemptDeps;
  log: Logger;
  metrics: Metrics;
  limits: RoomLimits;
  timing: DelivererTiming;
}

interface DelivererTiming {
  /** How often the table is read without a notification: a notification is a hint, this is the promise. */
  pollMs: number;
  /** After a failure of PostgreSQL. */
  retryDelayMs: number;
  /** How long an attempt is somebody's: longer than it can take. */
  leaseSeconds: number;
  /** How often old deliveries are deleted, and the backlog is measured. */
  sweepIntervalMs: number;
  measureIntervalMs: number;
}

export interface Deliverer {
  /** Begins nothing more, and waits for the attempts that run. */
  close(): Promise<void>;
}

/** How long a delivery can be looked at. */
const retentionDays = 14;
const sweptRowsMax = 5000;
/** Looked at in one round; the next one goes on behind them. */
const webhooksPerRoundMax = 200;
const firstId = "00000000-0000-0000-0000-000000000000";
/** Backlogs beyond this are shown as this. */
const pendingMax = 100_000;

/** Sends deliveries that are due, for as long as the process lives. Several may run: each claims its own. */
export function startDeliverer(options: DelivererOptions): Deliverer {
  const waker = new Waker();
  const room = new Room(options.limits);
  const meters = createMeters(options.metrics, room);
  const current: Current = { waker, room, meters, behind: firstId, running: new Set(), failing: false };
  const loops = [run(options, current), listenFor(options, current)];
  return {
    async close() {
      waker.stop();
      current.closeSession?.();
      await Promise.all(loops);
      await Promise.all(current.running);
    },
  };
}

interface Current {
  waker: Waker;
  room: Room;
  meters: Meters;
  /** Where the last round ended. */
  behind: string;
  running: Set<Promise<void>>;
  /** An outage is told once, not once a try. */
  failing: boolean;
  closeSession?: () => void;
}

async function run(options: DelivererOptions, current: Current): Promise<void> {
  const { log, timing } = options;
  const { waker } = current;
  const due = { sweepAtMs: 0, measureAtMs: 0 };
  while (!waker.stopped) {
    try {
      await keepHouse(options, current, due);
      const began = await beginDue(options, current);
      current.failing = false;
      if (!began) await waker.wait(timing.pollMs);
    } catch (error) {
      log[current.failing ? "debug" : "error"]({ err: error }, "Deliveries cannot be read; tried again");
      current.failing = true;
      await waker.pause(timing.retryDelayMs);
    }
  }
}

/** Begins what is due and has room. @returns whether there may be more. */
async function beginDue(options: DelivererOptions, current: Current): Promise<boolean> {
  const { db, timing, limits } = options;
  const { room } = current;
  if (room.used >= limits.attemptsMax) return false;
  const due = await listDue(db, current.behind, webhooksPerRoundMax);
  const isLast = due.length < webhooksPerRoundMax;
  current.behind = isLast ? firstId : (due.at(-1)?.id ?? firstId);

  const places: (Place & { count: number })[] = [];
  for (const one of due) {
    const place = { ...one, pace: room.paceOf(one.id) };
    const count = room.left(place);
    if (count <= 0) continue;
    // Taken before the claim, so that the next of the same host sees it.
    room.take(place, count);
    places.push({ ...place, count });
  }
  let claimed: Claimed[] = [];
  try {
    if (places.length > 0) claimed = await claimDue(db, places, timing);
  } finally {
    for (const place of places) {
      room.free(place, place.count - claimed.filter((one) => one.webhook_id === place.id).length);
    }
  }
  const byWebhook = new Map(places.map((place) => [place.id, place]));
  for (const delivery of claimed) {
    begin(options, current, delivery, byWebhook.get(delivery.webhook_id) as Place);
  }
  return claimed.length > 0 || !isLast;
}

function begin(options: DelivererOptions, current: Current, delivery: Claimed, place: Place): void {
  const { room, running, waker, meters } = current;
  const startedAtMs = performance.now();
  const attempting = deliver(delivery, { ...options, meters }).finally(() => {
    room.free(place, 1);
    room.ended(place.id, performance.now() - startedAtMs);
    running.delete(attempting);
    waker.wake();
  });
  running.add(attempting);
}

async function keepHouse(
  { db, timing }: DelivererOptions,
  { meters }: Current,
  due: { sweepAtMs: number; measureAtMs: number },
): Promise<void> {
  const nowMs = performance.now();
  if (nowMs >= due.measureAtMs) {
    meters.backlog(await measureDeliveries(db, pendingMax));
    due.measureAtMs = nowMs + timing.measureIntervalMs;
  }
  if (nowMs >= due.sweepAtMs) {
    const swept = await sweepDeliveries(db, { days: retentionDays, rowsMax: sweptRowsMax });
    // A full piece: there is more.
    if (swept < sweptRowsMax) due.sweepAtMs = nowMs + timing.sweepIntervalMs;
  }
}

/** Wakes the loop by notifications. Without a session it reads by the clock alone. */
async function listenFor(options: DelivererOptions, current: Current): Promise<void> {
  const { openSession, log, timing } = options;
  const { waker } = current;
  const pause = new Waker();
  while (!waker.stopped) {
    let session: Session | undefined;
    try {
      session = await openSession();
      await session.listen(deliveriesChannel, () => waker.wake());
      const closing = Promise.withResolvers<void>();
      current.closeSession = () => {
        pause.stop();
        closing.resolve();
      };
      if (!waker.stopped) await Promise.race([session.lost, closing.promise]);
    } catch (error) {
      log.debug({ err: error }, "No notifications of deliveries; tried again");
    } finally {
      await session?.close().catch((error: unknown) => log.debug({ err: error }, "Closing failed"));
    }
    current.closeSession = () => pause.stop();
    if (!waker.stopped) await pause.pause(timing.retryDelayMs);
  }
}
