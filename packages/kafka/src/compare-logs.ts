import type { Admin } from "kafkajs";
import type { LogEnds, Place, Places } from "./places.ts";

/** What a topic has become since a follower has read of it. */
type LogChange =
  /** The records that were read are not what is there: the topic was made anew, or its log was cut behind. */
  | "another"
  /** Records were deleted from its beginning. */
  | "cut"
  | null;

export interface Compared {
  ends: LogEnds[];
  change: LogChange;
}

/**
 * Compares where a follower is in a topic with the topic as it is now. Kafka has no name for a log that a
 * client could compare, but it finds records by their time: in the log that was read, whatever is newer than
 * all that was read lies behind it. In another one it lies at the beginning, or nowhere.
 */
export async function compareLogs(admin: Admin, topic: string, places: Places): Promise<Compared> {
  const before = places.of(topic).map((place) => ({ place, ...place }));
  const newestMs = Math.max(-1, ...before.map(({ known }) => known?.newestMs ?? -1));
  const ends = await admin.fetchTopicOffsets(topic);
  const newer = newestMs < 0 ? [] : await admin.fetchTopicOffsetsByTimestamp(topic, newestMs + 1);
  let change: LogChange = null;
  for (const { place, partition, next, known, low, reading } of before) {
    if (place.reading !== reading || next === 0n) continue;
    const end = ends.find((it) => it.partition === partition);
    const behind = newer.find((it) => it.partition === partition)?.offset;
    if (isBefore(end?.high, next) || (known && isBefore(behind, known.next))) change = "another";
    else if (end && BigInt(end.low) > low) change ??= "cut";
  }
  if (change !== "another") {
    for (const { place, next, newestMs: ownMs, reading } of before) {
      if (place.reading === reading && next > 0n) place.known = { next, newestMs: ownMs };
    }
  }
  return { ends, change };
}

/** A partition that is not there any more has no offsets at all. */
function isBefore(offset: string | undefined, next: bigint): boolean {
  return offset === undefined || BigInt(offset) < next;
}

/** True when everything up to these ends is delivered. */
export function isBehind(places: Places, topic: string, ends: readonly LogEnds[]): boolean {
  return ends.some(({ partition, high, low }) => {
    const { next }: Place = places.find(topic, partition);
    return low !== high && next < BigInt(high);
  });
}
