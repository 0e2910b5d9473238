import { type Followed, type FollowedPartition, followTopics, type KafkaConfig } from "@mosis/kafka";
import {
  completenessKey,
  outboxHeaders,
  type StateTopic,
  stateTopics,
  type Topic,
} from "@mosis/types/topics";
import { isUuid } from "../../shared/identifier.ts";

/**
 * The number of keys of each topic that are remembered for repair. Beyond it, everything is published again.
 * @limit ids to mend in a topic; beyond that, everything is published again
 */
const spoiledMax = 10_000;

/** The content of the compacted topics now, as far as we have signed it. */
export interface StateWatch {
  /**
   * Returns false while the topics are read, also when they are read again because they have been replaced.
   */
  isCaughtUp(): boolean;
  /** Returns the partitions. Those of a new Kafka, and those whose records were deleted, are not complete. */
  partitions(): FollowedPartition[];
  /** Returns the topics whose record of completeness was overwritten by somebody else, each of them once. */
  takeDoubted(): Topic[];
  /** Rejects when the topics can no longer be followed. Never resolves. */
  failed: Promise<never>;
  isAlive(topic: StateTopic, id: string): boolean;
  aliveIds(topic: StateTopic): string[];
  /** Returns the greatest position of any record. */
  positionMax(): number;
  /**
   * Returns the ids whose last state was followed by somebody else's record, each of them once; null when
   * there are too many to list.
   */
  takeSpoiled(topic: StateTopic): string[] | null;
  /** Returns ids that were taken and could not be repaired to the list, for the next call. */
  giveBackSpoiled(topic: StateTopic, ids: string[] | null): void;
  giveBackDoubted(topics: readonly Topic[]): void;
  close(): Promise<void>;
}

/**
 * Watches the compacted topics for records that the relay has not written, or has written long ago. Readers
 * ignore those, but compaction does not: it keeps the last record of a key, whoever has written it, and would
 * remove the genuine one.
 */
export async function watchStates(kafka: KafkaConfig, checkIntervalMs = 5000): Promise<StateWatch> {
  const states = new Map(
    stateTopics.map((topic) => [topic as Topic, { alive: new Set<string>(), ...clean() }]),
  );
  const stateOf = (topic: Topic) => {
    const state = states.get(topic);
    if (!state) throw new Error(`${topic} is not watched`);
    return state;
  };
  /** The topics whose record of completeness was overwritten by somebody else. */
  const doubted = new Set<Topic>();
  let positionMax = 0;
  const followed: Followed = await followTopics(kafka, {
    topics: [...stateTopics],
    checkIntervalMs,
    rereadsWhatIsCut: true,
    onAnew(topic) {
      stateOf(topic).alive.clear();
      Object.assign(stateOf(topic), clean());
    },
    onRecord(topic, id, value, { headers }) {
      const { alive, spoiled } = stateOf(topic);
      if (value) alive.add(id);
      else alive.delete(id);
      spoiled.delete(id);
      positionMax = Math.max(positionMax, Number(headers[outboxHeaders.position]));
    },
    onIgnored(topic, id) {
      const state = stateOf(topic);
      if (id === completenessKey) doubted.add(topic);
      // No reader looks for anything under another key.
      if (!isUuid(id)) return;
      if (state.spoiled.size < spoiledMax) state.spoiled.add(id);
      else state.isOverfull = true;
    },
  });
  return {
    isCaughtUp: () => followed.isCaughtUp(),
    partitions: () => followed.partitions(),
    takeDoubted() {
      const topics = [...doubted];
      doubted.clear();
      return topics;
    },
    failed: followed.failed,
    isAlive: (topic, id) => stateOf(topic).alive.has(id),
    aliveIds: (topic) => [...stateOf(topic).alive],
    positionMax: () => positionMax,
    takeSpoiled(topic) {
      const state = stateOf(topic);
      const { spoiled, isOverfull } = state;
      Object.assign(state, clean());
      return isOverfull ? null : [...spoiled];
    },
    giveBackSpoiled(topic, ids) {
      const state = stateOf(topic);
      for (const id of ids ?? []) state.spoiled.add(id);
      if (ids === null) state.isOverfull = true;
    },
    giveBackDoubted(topics) {
      for (const topic of topics) doubted.add(topic);
    },
    close: () => followed.close(),
  };
}

function clean() {
  return { spoiled: new Set<string>(), isOverfull: false };
}
