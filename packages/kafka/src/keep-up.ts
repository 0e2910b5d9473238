import { setTimeout as delay } from "node:timers/promises";
import { isStateTopic } from "@mosis/types/topics";
import type { Admin } from "kafkajs";
import { type KafkaConfig, topicOf } from "./cluster.ts";
import { type Compared, compareLogs, isBehind } from "./compare-logs.ts";
import { withDeadline } from "./deadline.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { LogEnds, Places } from "./places.ts";
import type { Questions } from "./questions.ts";
import type { Supervised } from "./supervise.ts";

export interface KeepUpOptions {
  /** The interval at which the data read is compared with the topics. Default 5 s. */
  checkIntervalMs?: number;
  /**
   * True also reads a compacted topic again when records were deleted from it. Default: the data read stays
   * true.
   */
  rereadsWhatIsCut?: boolean;
  /** The clock. Default `Date.now`. */
  now?: () => number;
}

/** The parts of a follower that the comparison works on. */
export interface Following {
  config: KafkaConfig;
  options: KeepUpOptions;
  places: Places;
  questions: Questions;
  consumer: Supervised;
  /** The topics, by the broker's names. */
  names: readonly string[];
  /** Forgets what came from a topic, and reads it from the beginning of these logs. */
  readAnew(name: string, ends: LogEnds[]): void;
}

export interface KeptUp {
  /** Compares now. */
  look(): void;
  ageMs(): number;
  stop(): void;
}

const checkIntervalMsDefault = 5000;
const askDeadlineMs = 10_000;

/**
 * A consumer that gets nothing for so long while there is something to get is replaced.
 * @limit a consumer that gets nothing, until it is replaced
 */
const stillMsMax = 60_000;

/**
 * A follower that was away for longer reads everything again. A compacted topic forgets deletions after
 * `delete.retention.ms` (30 days): a follower that went on behind that would keep deleted keys for ever.
 * @limit an absence of a consumer after which it reads all anew
 */
const awayMsMax = 86_400_000;

/**
 * Compares the data read with the topics from time to time:
 * 1. **Another log** (made again, restored, emptied): it is read from its beginning.
 * 2. **More than was read**: the data read is as old as the last time that there was no more. A consumer that
 * stands still is replaced.
 */
export function keepUp(following: Following): KeptUp {
  const { config, options, questions } = following;
  const { now = Date.now, checkIntervalMs = checkIntervalMsDefault } = options;
  const currency: Currency = { currentMs: now(), movedMs: now(), places: "", asked: null };
  const look = oneAtATime(async () => {
    try {
      const asked = questions.ask(async (admin) => {
        await admin.connect();
        await compareAll(following, currency, { admin, nowMs: now() });
      });
      await withDeadline(asked, askDeadlineMs, "Comparing what was read with the topics");
    } catch (error) {
      config.log.debug({ err: error }, "What was read cannot be compared with the topics right now");
    }
  });
  const timer = setInterval(() => void look(), checkIntervalMs);
  timer.unref();
  return {
    look: () => void look(),
    ageMs: () => Math.max(0, now() - currency.currentMs),
    stop: () => clearInterval(timer),
  };
}

interface Currency {
  /** The last time when everything that there was had been delivered. */
  currentMs: number;
  /** The last time when a delivery was seen, and the place at that time. */
  movedMs: number;
  places: string;
  /** The ends of the topics at the last comparison. */
  asked: { atMs: number; ends: Map<string, LogEnds[]> } | null;
}

async function compareAll(
  following: Following,
  currency: Currency,
  { admin, nowMs }: { admin: Admin; nowMs: number },
): Promise<void> {
  const { config, options, places, names } = following;
  const wasAway = nowMs - currency.currentMs > awayMsMax;
  const asked = new Map<string, LogEnds[]>();
  for (const name of names) {
    const { ends, change } = await compareTwice(admin, name, places);
    asked.set(name, ends);
    const isCut =
      change === "cut" && isStateTopic(topicOf(config, name)) && options.rereadsWhatIsCut === true;
    if (wasAway || change === "another" || isCut) {
      config.log.warn(
        { topic: name },
        `${name} is read from its beginning: ${wasAway ? reasons.away : reasons.other}`,
      );
      following.readAnew(name, ends);
    }
    for (const { partition, low } of ends) places.find(name, partition).low = BigInt(low);
  }
  if (wasAway) currency.currentMs = nowMs;
  noteCurrency(currency, places, { atMs: nowMs, ends: asked });
  if (nowMs - currency.movedMs < stillMsMax) return;
  currency.movedMs = nowMs;
  following.consumer.replace(new Error(`Nothing was delivered for ${stillMsMax / 1000} s`));
}

/** Compares twice: a broker that was killed and has just started may not know the end of its log yet. */
async function compareTwice(admin: Admin, name: string, places: Places): Promise<Compared> {
  const compared = await compareLogs(admin, name, places);
  if (compared.change !== "another") return compared;
  await delay(doubtMs);
  return compareLogs(admin, name, places);
}

const doubtMs = 300;

const reasons = {
  away: "Kafka was away for longer than deletions are kept there",
  other: "it is not the log that was read, or records were deleted from it",
};

function noteCurrency(currency: Currency, places: Places, asked: NonNullable<Currency["asked"]>): void {
  const isCurrent = (at: Currency["asked"]) =>
    at !== null && [...at.ends].every(([name, ends]) => !isBehind(places, name, ends));
  const before = places
    .all()
    .map(({ next }) => next)
    .join(" ");
  if (isCurrent(asked)) currency.currentMs = asked.atMs;
  else if (currency.asked !== null && isCurrent(currency.asked)) currency.currentMs = currency.asked.atMs;
  if (isCurrent(asked) || before !== currency.places) currency.movedMs = asked.atMs;
  currency.places = before;
  currency.asked = asked;
}
