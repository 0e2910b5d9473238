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
  /** Opens a connection only for notifications. */
  openSession: () => Promise<Session>;
  secrets: SecretBox;
  attempt: AttemptDeps;
  log: Logger;
  metrics: Metrics;
  limits: RoomLimits;
  timing: DelivererTiming;
}

interface DelivererTiming {
  /**
   * Milliseconds between two reads of the table without a notification. A notification may get lost; this
   * read does not.
   */
  pollMs: number;
  /** Milliseconds to wait after a failure of PostgreSQL. */
  retryDelayMs: number;
  /** The time for which an attempt belongs to one process: longer than an attempt can take. */
  leaseSeconds: number;
  /** Milliseconds between two runs that delete old deliveries and measure the backlog. */
  sweepIntervalMs: number;
  measureIntervalMs: number;
}

export interface Deliverer {
  /** Begins no more attempts, and waits for those that run. */
  close(): Promise<void>;
}

/** The time for which a delivery can be read. */
const retentionDays = 14;
const sweptRowsMax = 5000;
/** The number of webhooks in one round. The next round continues after them. */
const webhooksPerRoundMax = 200;
const firstId = "00000000-0000-0000-0000-000000000000";
/** A larger backlog is reported as this number. */
const pendingMax = 100_000;

/**
 * Sends the deliveries that are due, as long as the process lives. Several processes may run: each claims its
 * own deliveries.
 */
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
  /** The id at which the last round ended. */
  behind: string;
  running: Set<Promise<void>>;
  /** Makes an outage one log line, not one for each attempt. */
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

/**
 * Begins the deliveries that are due and have room.
 * @returns true when there may be more.
 */
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
    // The room is taken before the claim, so that the next webhook of the same host sees it.
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
    // A full batch means that there may be more.
    if (swept < sweptRowsMax) due.sweepAtMs = nowMs + timing.sweepIntervalMs;
  }
}

/** Wakes the loop when a notification arrives. Without a session, the loop reads only by the clock. */
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
      log.debug({ err: error }, "Notifications of deliveries stopped; connecting again");
    } finally {
      await session?.close().catch((error: unknown) => log.debug({ err: error }, "Closing failed"));
    }
    current.closeSession = () => pause.stop();
    if (!waker.stopped) await pause.pause(timing.retryDelayMs);
  }
}
