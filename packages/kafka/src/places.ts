import type { Completeness } from "@mosis/types/topics";

/** Where a follower is in one partition. */
export interface Place {
  /** As the broker calls it. */
  topic: string;
  partition: number;
  /** Offset behind the last record that was delivered. */
  next: bigint;
  /** The largest time of a record that was delivered; -1 before the first one. */
  newestMs: number;
  /**
   * Both, when the log was last compared with what was read of it, or behind the first records: what was read
   * since may be of another one.
   */
  known: Known | null;
  /** Where the log ended when reading began: everything before was there. */
  target: bigint;
  /** Offset of the first record that is in the log, when it was last looked at. */
  low: bigint;
  /** What the relay has said of the states in it; null before that was read. */
  complete: Completeness | null;
  /** Grows when it is read anew: what is under way of an older reading is void. */
  reading: number;
}

type Known = Pick<Place, "next" | "newestMs">;

/** Of a partition in Kafka now. */
export interface LogEnds {
  partition: number;
  low: string;
  /** Offset of the next record that will be written. */
  high: string;
}

export interface Places {
  /** Makes a topic one that is read from the beginning of these logs. */
  begin(topic: string, ends: readonly LogEnds[]): void;
  find(topic: string, partition: number): Place;
  of(topic: string): Place[];
  all(): Place[];
  advance(place: Place, next: bigint): void;
  /** True when everything is delivered that was there when reading began. */
  isCaughtUp(): boolean;
}

/** @param onAdvance called after each step. */
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
        // Everything was removed by retention: nothing will be delivered.
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

/** True when the relay has said that the partition has every state, and nothing of it was deleted since. */
export function isVouchedFor({ complete, low }: Place): boolean {
  return complete !== null && low <= BigInt(complete.from);
}
