import type { Producer } from "@mosis/kafka";
import type { Session } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import { outboxChannel } from "./append.ts";
import { publishOutbox, type PublishLimits } from "./publish.ts";
import { measureBacklog } from "./queries.ts";
import { Waker } from "../../shared/waker.ts";

export interface RelayOptions {
  /** Opens a connection only for the relay. Its lock makes a relay the active one. */
  openSession: () => Promise<Session>;
  producer: Pick<Producer, "send">;
  log: Logger;
  metrics: Metrics;
  limits: PublishLimits;
  timing: RelayTiming;
}

interface RelayTiming {
  /** Milliseconds between two attempts of a standby to get the lock: the time to take over after a crash. */
  lockPollMs: number;
  /**
   * Milliseconds from getting the lock to the first send. Records that a killed relay had on their way to the
   * broker arrive before ours.
   */
  takeoverDelayMs: number;
  /**
   * Milliseconds between two reads of the table without a notification. A notification may get lost; this
   * read does not.
   */
  outboxPollMs: number;
  /** Milliseconds to wait after a failure of PostgreSQL or Kafka. */
  retryDelayMs: number;
  /** Milliseconds between two measurements of the backlog. */
  measureIntervalMs: number;
}

export interface Relay {
  state(): "connecting" | "standby" | "active";
  /** Ends after the piece that is being sent. */
  close(): Promise<void>;
}

/** A larger backlog is reported as this number. */
const pendingMax = 100_000;

/** Publishes the outbox to Kafka as long as it holds the lock, and waits for the lock otherwise. */
export function startRelay(options: RelayOptions): Relay {
  const waker = new Waker();
  const current: Current = {
    waker,
    meters: createMeters(options.metrics),
    state: "connecting",
    failing: false,
  };
  options.metrics.level("relay_active", "1 while this relay is the active one.", () =>
    Number(current.state === "active"),
  );
  const running = run(options, current);
  return {
    state: () => current.state,
    async close() {
      waker.stop();
      await running;
    },
  };
}

/** The state that the loops below share. */
interface Current {
  waker: Waker;
  meters: Meters;
  state: ReturnType<Relay["state"]>;
  /** Makes an outage one log line, not one for each attempt. */
  failing: boolean;
}

async function run(options: RelayOptions, current: Current): Promise<void> {
  const { log, timing } = options;
  const { waker } = current;
  while (!waker.stopped) {
    let session: Session | undefined;
    try {
      session = await options.openSession();
      await takeLock(session, options, current);
      await publishWhileHeld(session, options, current);
    } catch (error) {
      log[current.failing ? "debug" : "error"]({ err: error }, "The relay was interrupted and tries again");
      current.failing = true;
    } finally {
      current.state = "connecting";
      await session
        ?.close()
        .catch((error: unknown) => log.debug({ err: error }, "Closing the session failed"));
    }
    await waker.pause(timing.retryDelayMs);
  }
}

/** Returns when this relay is the active one, or when it is time to stop. */
async function takeLock(session: Session, { log, timing }: RelayOptions, current: Current): Promise<void> {
  const { waker } = current;
  current.state = "standby";
  while (!(await session.tryLock("catalog-relay"))) {
    await waker.wait(timing.lockPollMs);
    if (waker.stopped) return;
  }
  await session.listen(outboxChannel, () => waker.wake());
  await waker.pause(timing.takeoverDelayMs);
  current.state = "active";
  log.info("This relay is active");
}

async function publishWhileHeld(session: Session, options: RelayOptions, current: Current): Promise<void> {
  const { log, producer, limits, timing } = options;
  const { waker, meters } = current;
  let lost: Error | undefined;
  void session.lost.then((error) => {
    lost = error;
    waker.wake();
  });
  const requirePlace = () => {
    if (lost) throw lost;
  };
  let measuredAtMs = -Infinity;
  while (!waker.stopped) {
    requirePlace();
    if (performance.now() - measuredAtMs >= timing.measureIntervalMs) {
      meters.backlog(await measureBacklog(session, pendingMax));
      measuredAtMs = performance.now();
    }
    const read = await publishOutbox({
      db: session,
      producer,
      limits,
      requirePlace,
      onPublished: (rows) => meters.published(rows),
      onQuarantined(row, reason) {
        meters.quarantined();
        log.error({ err: reason, position: row.position, topic: row.topic }, "A row was put into quarantine");
      },
    });
    current.failing = false;
    if (read < limits.rowsMax) await waker.wait(timing.outboxPollMs);
  }
}

type Meters = ReturnType<typeof createMeters>;

function createMeters(metrics: Metrics) {
  const published = metrics.counter("outbox_published_total", "Rows acknowledged by Kafka.", ["topic"]);
  const quarantined = metrics.counter(
    "outbox_quarantined_total",
    "Rows put into quarantine because Kafka refused them.",
  );
  const pending = metrics.gauge(
    "outbox_pending",
    `Rows that wait to be published, counted up to ${pendingMax}.`,
  );
  const age = metrics.gauge("outbox_age_seconds", "Age of the oldest row that waits.");
  const held = metrics.gauge(
    "outbox_quarantine_rows",
    "Rows in quarantine that wait for an operator's decision.",
  );
  return {
    published(rows: { topic: string }[]) {
      for (const [topic, group] of Map.groupBy(rows, (row) => row.topic))
        published.inc({ topic }, group.length);
    },
    quarantined: () => quarantined.inc(),
    backlog(backlog: { pending: number; age_seconds: number; quarantined: number }) {
      pending.set(backlog.pending);
      age.set(backlog.age_seconds);
      held.set(backlog.quarantined);
    },
  };
}
