import { setTimeout as delay } from "node:timers/promises";
import type { FollowedPartition, KafkaConfig, OutgoingRecord, Producer } from "@mosis/kafka";
import type { Pool } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import {
  type Completeness,
  completenessKey,
  outboxHeaders,
  type StateTopic,
  stateTopics,
  type Topic,
} from "@mosis/types/topics";
import {
  appendStates,
  countWaiting,
  findStates,
  isAnyWaiting,
  isPublicationDue,
  lastPosition,
  listStates,
  notePublication,
  raisePosition,
  type StateRow,
} from "./queries.ts";
import { type StateWatch, watchStates } from "./watch.ts";

export interface RepublicationOptions {
  kafka: KafkaConfig;
  /** The relay's producer, which signs what it sends. */
  producer: Pick<Producer, "send">;
  /** A pool that sees the rows of everybody. */
  db: Pool;
  /** Returns true while this process is the relay that publishes. */
  isActive: () => boolean;
  /** The id of the key that the relay signs with. */
  signingKey: string;
  log: Logger;
  metrics: Metrics;
  /** Milliseconds between two looks for something to publish. */
  intervalMs: number;
  /** Milliseconds between two checks that the topics are still those that were read. Default 5 s. */
  checkIntervalMs?: number;
}

export interface Republication {
  /** Rejects when the topics can no longer be followed. Never resolves. */
  failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * The days after which everything is published again. Records that were signed one by one are then signed in
 * groups, which a starting reader verifies faster, and no change by somebody else stays unnoticed.
 * @limit the time until all states are published again
 */
const publicationDays = 7;

/**
 * The number of states that are appended at once: a developer's change may have to wait for so many.
 * @limit states that are appended at once while all are published again
 */
const rowsAtOnce = 500;
const drainPollMs = 50;

/** Milliseconds to wait for our own record to come back from Kafka. */
const readDeadlineMs = 10_000;

/**
 * Keeps the compacted topics equal to the database: 1. **When the relay becomes the active one, or finds a
 * topic that it has not filled** (another Kafka, a topic that was made anew or whose records were deleted),
 * it publishes the differences between the database and the topic, and after them the record that says that
 * the topic is complete. 2. **When everything is due,** it publishes every state: after another signing key,
 * a week, or a restore of the database. 3. **When somebody else has written to a topic,** it publishes the
 * state of that key after it.
 */
export async function startRepublication(options: RepublicationOptions): Promise<Republication> {
  const { log, isActive, intervalMs } = options;
  const watch = await watchStates(options.kafka, options.checkIntervalMs);
  const stop = new AbortController();
  const work: Work = { ...options, watch, signal: stop.signal, count: createCounter(options.metrics) };
  let wasActive = false;
  let running: Promise<void> | null = null;

  const look = async () => {
    try {
      if (!watch.isCaughtUp()) return;
      const isNew = !wasActive;
      wasActive = isActive();
      if (wasActive) await mend(work, isNew);
    } catch (error) {
      // Nothing is lost: the next look finds the same, and starts like the first one.
      wasActive = false;
      if (!stop.signal.aborted)
        log.error({ err: error }, "States could not be published again; the relay will try again");
    }
  };
  const timer = setInterval(() => {
    running ??= look().finally(() => (running = null));
  }, intervalMs);
  timer.unref();
  return {
    failed: watch.failed,
    async close() {
      clearInterval(timer);
      stop.abort();
      await running;
      await watch.close();
    },
  };
}

type Reason = "missing" | "all" | "spoiled";

interface Work extends RepublicationOptions {
  watch: StateWatch;
  signal: AbortSignal;
  count: (topic: StateTopic, reason: Reason, rows: number) => void;
}

async function mend(work: Work, isNew: boolean): Promise<void> {
  const { watch } = work;
  // These are taken first: anything written from now on is repaired by the next look.
  const spoiled = new Map(stateTopics.map((topic) => [topic, watch.takeSpoiled(topic)]));
  const doubted = watch.takeDoubted();
  try {
    await mendTaken(work, { isNew, spoiled, doubted });
  } catch (error) {
    // The next look finds by itself only what is missing.
    for (const [topic, ids] of spoiled) watch.giveBackSpoiled(topic, ids);
    watch.giveBackDoubted(doubted);
    throw error;
  }
}

interface Taken {
  isNew: boolean;
  spoiled: Map<StateTopic, string[] | null>;
  doubted: Topic[];
}

async function mendTaken(work: Work, { isNew, spoiled, doubted }: Taken): Promise<void> {
  const { db, watch, signingKey, log } = work;
  const wasRestored = await raisePosition(db, watch.positionMax());
  if (wasRestored) log.warn("The database is older than the published states; everything is published again");
  const isIncomplete = watch.partitions().some(({ isComplete }) => !isComplete);
  if (isIncomplete && !isNew) log.warn("Kafka lacks apps, keys or restrictions; they are published again");
  const isOverfull = [...spoiled.values()].includes(null);
  const isDue = wasRestored || isOverfull || (await isPublicationDue(db, signingKey, publicationDays));
  if (isDue || isNew || isIncomplete) await publishStates(work, isDue ? "all" : "missing");
  if (isDue || isIncomplete || doubted.length > 0) {
    await publishCompleteness(
      work,
      ({ topic, isComplete }) => isDue || !isComplete || doubted.includes(topic),
    );
  }
  if (isDue) {
    await notePublication(db, signingKey);
    log.info({ signing_key: signingKey }, "Every app, key and restriction was published again");
    return;
  }
  for (const [topic, ids] of spoiled) {
    if (ids && ids.length > 0) await publishIds(work, topic, { ids, reason: "spoiled" });
  }
}

/**
 * Publishes every state, or those that the topics do not have. Then publishes deletions of what the topics
 * have and the database does not.
 */
async function publishStates(work: Work, reason: "all" | "missing"): Promise<void> {
  const { db, watch } = work;
  for (const topic of stateTopics) {
    const isWanted = ({ id, has_state }: StateRow) =>
      has_state ? reason === "all" || !watch.isAlive(topic, id) : watch.isAlive(topic, id);
    let last = "00000000-0000-0000-0000-000000000000";
    for (;;) {
      const page = await listStates(db, topic, last, rowsAtOnce);
      await publish(work, topic, { rows: page.filter(isWanted), reason });
      const end = page.at(-1);
      if (!end || page.length < rowsAtOnce) break;
      last = end.id;
    }
    const alive = watch.aliveIds(topic);
    for (let from = 0; from < alive.length; from += rowsAtOnce) {
      const rows = await findStates(db, topic, alive.slice(from, from + rowsAtOnce));
      await publish(work, topic, { rows: rows.filter((row) => !row.has_state), reason });
    }
  }
}

async function publishIds(
  work: Work,
  topic: StateTopic,
  { ids, reason }: { ids: readonly string[]; reason: Reason },
): Promise<void> {
  for (let from = 0; from < ids.length; from += rowsAtOnce) {
    const rows = await findStates(work.db, topic, ids.slice(from, from + rowsAtOnce));
    await publish(work, topic, { rows, reason });
  }
}

/**
 * Publishes states.
 * @throws when this process ends, or is no longer the active relay.
 */
async function publish(
  { db, count, isActive, signal }: Work,
  topic: StateTopic,
  { rows, reason }: { rows: readonly StateRow[]; reason: Reason },
): Promise<void> {
  if (rows.length === 0) return;
  // Developers' changes must not wait for all of it.
  while ((await countWaiting(db, rowsAtOnce)) >= rowsAtOnce) await delay(drainPollMs, undefined, { signal });
  requirePlace({ isActive, signal });
  await appendStates(db, topic, rows);
  count(topic, reason, rows.length);
}

/**
 * Publishes the record that partitions have every state, after the states: everything appended until now has
 * to be in Kafka first. Returns when the record was read there, so that it is not done twice.
 * @throws when this process ends, or is no longer the active relay.
 */
async function publishCompleteness(
  work: Work,
  isMeant: (partition: FollowedPartition) => boolean,
): Promise<void> {
  const { db, watch, producer, signal } = work;
  const position = await lastPosition(db);
  while (await isAnyWaiting(db, position)) {
    requirePlace(work);
    await delay(drainPollMs, undefined, { signal });
  }
  requirePlace(work);
  const meant = Map.groupBy(watch.partitions().filter(isMeant), ({ topic }) => topic);
  await producer.send(
    [...meant].map(([topic, partitions]) => ({ topic, messages: partitions.map(messageOf) })),
  );
  const giveUpAt = performance.now() + readDeadlineMs;
  while (watch.partitions().some(({ isComplete }) => !isComplete) && performance.now() < giveUpAt) {
    await delay(drainPollMs, undefined, { signal });
  }

  function messageOf({ partition, from, to }: FollowedPartition): OutgoingRecord {
    const value = JSON.stringify({ from, to } satisfies Completeness);
    const headers = { [outboxHeaders.position]: String(position) };
    return { key: completenessKey, value, partition, headers };
  }
}

function requirePlace({ isActive, signal }: Pick<Work, "isActive" | "signal">): void {
  signal.throwIfAborted();
  if (!isActive()) throw new Error("Another relay is the active one");
}

function createCounter(metrics: Metrics): Work["count"] {
  const counter = metrics.counter(
    "states_republished_total",
    "States that were published again: all, or those that were missing or overwritten in a topic.",
    ["topic", "reason"],
  );
  return (topic, reason, rows) => counter.inc({ topic, reason }, rows);
}
