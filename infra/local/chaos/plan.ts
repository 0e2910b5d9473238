import { createDice } from "../lifelike.ts";

export const targets = ["ingest", "writer", "kafka", "clickhouse"] as const;
export type Target = (typeof targets)[number];

/** One thing that is done to a process. */
export interface Fault {
  target: Target;
  /** kill -9; or SIGSTOP, and SIGCONT after `forMs`. */
  kind: "kill" | "pause";
  /** Milliseconds since the previous fault. */
  afterMs: number;
  forMs: number;
  /** True when the fault happens although Kafka, which all others need to come back, may be down itself. */
  overlaps: boolean;
}

/**
 * Pairs of faults at the same time, where guarantees break: the second process loses its memory while the
 * first cannot take over its work.
 */
const worstPairs: readonly (readonly [Target, Target])[] = [
  ["clickhouse", "writer"],
  ["kafka", "ingest"],
];
/**
 * The time between the two faults of a pair: long enough that the second process holds something, and shorter
 * than the first takes to come back.
 */
const pairGapMs = 700;

/** Longer than the session of a consumer (10 s), so that a paused writer wakes up as a zombie. */
const pauseMaxMs = 12_000;

/**
 * Plans the faults of a run before it starts: the kills, and a pause for every second kill. Every sixth kill
 * begins one of the worst pairs.
 */
export function planFaults(options: { seed: number; kills: number; durationMs: number }): Fault[] {
  const { seed, kills, durationMs } = options;
  const dice = createDice(seed);
  const anyTarget = (about: number, n: number) => targets[Math.floor(4 * dice(about, n))] as Target;
  const pairs = kills < 2 ? 0 : Math.max(1, Math.round(kills / 6));
  const longestMs = Math.min(pauseMaxMs, durationMs / 10);

  const groups: Fault[][] = [];
  for (let n = 0; n < pairs; n++) {
    const [first, second] = worstPairs[n % worstPairs.length] as readonly [Target, Target];
    groups.push([killOf(first), { ...killOf(second), afterMs: pairGapMs, overlaps: true }]);
  }
  for (let n = 0; n < kills - 2 * pairs; n++) groups.push([killOf(anyTarget(1, n))]);
  for (let n = 0; n < kills / 2; n++) {
    const forMs = Math.ceil(longestMs * (0.1 + 0.9 * dice(3, n)));
    groups.push([{ target: anyTarget(2, n), kind: "pause", afterMs: 0, forMs, overlaps: true }]);
  }

  const gapMs = (0.9 * durationMs) / groups.length;
  return groups
    .map((group, n) => ({ group, place: dice(4, n) }))
    .toSorted((a, b) => a.place - b.place)
    .flatMap(({ group: [first, ...others] }, n) => {
      const afterMs = Math.ceil(gapMs * (0.3 + 1.4 * dice(5, n)));
      return first ? [{ ...first, afterMs }, ...others] : [];
    });
}

function killOf(target: Target): Fault {
  return { target, kind: "kill", afterMs: 0, forMs: 0, overlaps: false };
}
