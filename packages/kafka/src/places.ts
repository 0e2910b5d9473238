import type { Completeness } from "@mosis/types/topics";

/** A follower's place in one partition. */
export interface Place {
  /** The topic's name on the broker. */
  topic: string;
  partition: number;
  /** Offset behind the last record that was delivered. */
  next: bigint;
  /** The largest time of a delivered record; -1 before the first one. */
  newestMs: number;
  /**
   * Both values at the last comparison with the log, or behind the first records. Records read since may be
   * from another log.
   */
  known: Known | null;
  /** The end of the log when reading began: everything before it was there. */
  target: bigint;
  /** Offset of the first record in the log, when it was last checked. */
  low: bigint;
  /** The relay's declaration about the states in it; null before it was read. */
  complete: Completeness | null;
  /**
   * The number of the reading; it grows when the partition is read again. Work of an older reading is void.
   */
  reading: number;
}

type Known = Pick<Place, "next" | "newestMs">;

/** The ends of a partition in Kafka now. */
export interface LogEnds {
  partition: number;
  low: string;
  /** Offset of the next record that will be written. */
  high: string;
}

export interface Places {
  /** Starts reading a topic from the beginning of these logs. */
  begin(topic: string, ends: readonly LogEnds[]): void;
  find(topic: string, partition: number): Place;
  of(topic: string): Place[];
  all(): Place[];
  advance(place: Place, next: bigint): void;
  /** Returns true when everything is delivered that was there when reading began. */
  isCaughtUp(): boolean;
}

/** @param onAdvance Called after each step. */
export function trackPlaces(onAdvance: () => void): Places {
  const places = new Map<string, Place>();
  const find = (topic: string, partition: number) => {
    const id = `${partition} ${topic}`;
    const place = places.get(id) ?? newPlace(topic, partition);
    places.set(id, place);
    return place;
  };
  const all = () => [...places.values()];
  return {
    find,
    all,
    of: (topic) => all().filter((place) => place.topic === topic),
    begin(topic, ends) {
      for (const { partition, low, high } of ends) {
        const { reading, ...fresh } = newPlace(topic, partition);
        const place = Object.assign(find(topic, partition), fresh);
        place.reading += reading;
        place.low = BigInt(low);
        // Retention removed everything: nothing will be delivered.
        place.target = low === high ? 0n : BigInt(high);
      }
    },
    advance(place, next) {
      place.next = next;
      onAdvance();
    },
    isCaughtUp: () => all().every(({ next, target }) => next >= target),
  };
}

function newPlace(topic: string, partition: number): Place {
  const nothing = { next: 0n, newestMs: -1, known: null, target: 0n, low: 0n, complete: null };
  return { topic, partition, ...nothing, reading: 1 };
}

/**
 * Returns true when the relay has declared that the partition contains every state, and nothing of it was
 * deleted since.
 */
export function isVouchedFor({ complete, low }: Place): boolean {
  return complete !== null && low <= BigInt(complete.from);
}
