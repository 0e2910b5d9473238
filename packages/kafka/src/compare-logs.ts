import type { Admin } from "kafkajs";
import type { LogEnds, Place, Places } from "./places.ts";

/** The change of a topic since a follower has read it. */
type LogChange =
  /**
   * The records that were read are not there any more: the topic was made again, or its log was cut at the
   * end.
   */
  | "another"
  /** Records were deleted from its beginning. */
  | "cut"
  | null;

export interface Compared {
  ends: LogEnds[];
  change: LogChange;
}

/**
 * Compares a follower's place in a topic with the topic as it is now. Kafka has no id of a log that a client
 * could compare, but it finds records by their time. In the log that was read, every record newer than all
 * that was read lies behind it. In another log it lies at the beginning, or does not exist.
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

/** A partition that does not exist any more has no offsets. */
function isBefore(offset: string | undefined, next: bigint): boolean {
  return offset === undefined || BigInt(offset) < next;
}

/** Returns true when everything up to these ends is delivered. */
export function isBehind(places: Places, topic: string, ends: readonly LogEnds[]): boolean {
  return ends.some(({ partition, high, low }) => {
    const { next }: Place = places.find(topic, partition);
    return low !== high && next < BigInt(high);
  });
}
