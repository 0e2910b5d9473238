import { Unavailable } from "./unavailable.ts";

export interface FairQueueLimits {
  /** The number of tasks that run at once, for all keys together. */
  slotsMax: number;
  /** The number of tasks of one key that run at once. It is a function when keys have different shares. */
  slotsPerKeyMax: number | ((key: string) => number);
  /** The number of callers that wait, for all keys together. */
  waitingMax: number;
  /** The number of callers of one key that wait. It is a function when keys have different shares. */
  waitingPerKeyMax: number | ((key: string) => number);
  /** The longest time that a caller waits for a slot. */
  waitMsMax: number;
}

/** The texts of a refusal. They are public: each is a sentence that says what to do. */
export interface FairQueueWords {
  /** The text for a key that has used up its share of running and waiting. */
  share: string;
  /** The text for everybody, when all slots and all places to wait are taken. */
  full: string;
}

/** Thrown to a caller that gets no slot. HTTP answers 429 when its own share is used up, 503 otherwise. */
export class QueueFull extends Unavailable {
  /** True when the caller's own key has used up its share; false when the queue is full for everybody. */
  readonly isOwnShare: boolean;

  constructor(message: string, { isOwnShare }: { isOwnShare: boolean }) {
    super(message);
    this.name = "QueueFull";
    this.isOwnShare = isOwnShare;
  }
}

interface Waiter {
  grant(): void;
  refuse(error: QueueFull): void;
}

/** The running and waiting tasks of one key. It exists while there are any. */
interface Lane {
  key: string;
  slotsMax: number;
  waitersMax: number;
  running: number;
  /** Ordered from the first that came to the last. */
  waiters: Set<Waiter>;
}

/**
 * A bounded pool of slots that no key can take for itself. Each key has a share of the slots, callers beyond
 * it wait in a lane of their key, and free slots go to the lanes in turn. A key that sends a thousand calls
 * therefore delays the one call of another key by one turn, and not by a thousand. When all places to wait
 * are taken, a new caller takes the place of the last caller in the longest lane.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #words: FairQueueWords;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with a waiting caller and room in their share, in the order of their turns. */
  readonly #turns = new Set<Lane>();
  #running = 0;
  #waiting = 0;

  constructor(limits: FairQueueLimits, words: FairQueueWords) {
    this.#limits = limits;
    this.#words = words;
  }

  /**
   * Runs the work when the key's turn has come.
   * @param key The owner of a share: the id of a developer, or an address.
   * @throws QueueFull when there is no place to wait, or no slot within `waitMsMax`; what the work throws.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#laneOf(key);
    if (this.#running < this.#limits.slotsMax && lane.running < lane.slotsMax) this.#start(lane);
    else await this.#wait(lane);
    try {
      return await work();
    } finally {
      this.#end(lane);
    }
  }

  /** Returns the number of running tasks, and of callers that wait for a slot. */
  counts(): { running: number; waiting: number } {
    return { running: this.#running, waiting: this.#waiting };
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known) return known;
    const { slotsPerKeyMax, waitingPerKeyMax } = this.#limits;
    const limitOf = (share: number | ((key: string) => number)) =>
      typeof share === "number" ? share : share(key);
    const [slotsMax, waitersMax] = [limitOf(slotsPerKeyMax), limitOf(waitingPerKeyMax)];
    const lane = { key, slotsMax, waitersMax, running: 0, waiters: new Set<Waiter>() };
    this.#lanes.set(key, lane);
    return lane;
  }

  #start(lane: Lane): void {
    lane.running++;
    this.#running++;
  }

  #end(lane: Lane): void {
    lane.running--;
    this.#running--;
    this.#takeTurns(lane);
    while (this.#running < this.#limits.slotsMax) {
      const [next] = this.#turns;
      const [waiter] = next?.waiters ?? [];
      if (!next || !waiter) break;
      this.#remove(next, waiter);
      this.#start(next);
      // The lane goes to the end of the turns, if it has more to do.
      this.#turns.delete(next);
      this.#takeTurns(next);
      waiter.grant();
    }
    this.#forgetIdle(lane);
  }

  /** Resolves with a slot that is counted already: a caller that comes in between cannot take it. */
  #wait(lane: Lane): Promise<void> {
    this.#makePlace(lane);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#remove(lane, waiter);
        this.#forgetIdle(lane);
        reject(this.#refusal(lane));
      };
      const timer = setTimeout(giveUp, this.#limits.waitMsMax);
      const waiter: Waiter = {
        grant() {
          clearTimeout(timer);
          resolve();
        },
        refuse(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      lane.waiters.add(waiter);
      this.#waiting++;
      this.#takeTurns(lane);
    });
  }

  #takeTurns(lane: Lane): void {
    if (lane.waiters.size > 0 && lane.running < lane.slotsMax) this.#turns.add(lane);
  }

  #remove(lane: Lane, waiter: Waiter): void {
    lane.waiters.delete(waiter);
    this.#waiting--;
    if (lane.waiters.size === 0) this.#turns.delete(lane);
  }

  /** @throws QueueFull when the lane is full, or when everything is full and no other lane is longer. */
  #makePlace(lane: Lane): void {
    const { waitingMax } = this.#limits;
    if (lane.waiters.size >= lane.waitersMax) throw this.#refused(lane, { isOwnShare: true });
    if (this.#waiting < waitingMax) return;
    const longest = this.#longestLane();
    if (!longest || longest.waiters.size <= lane.waiters.size + 1) {
      throw this.#refused(lane, { isOwnShare: false });
    }
    const last = [...longest.waiters].at(-1);
    if (!last) return;
    this.#remove(longest, last);
    last.refuse(this.#refusal(longest));
  }

  #longestLane(): Lane | undefined {
    let longest: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.waiters.size > (longest?.waiters.size ?? 0)) longest = lane;
    }
    return longest;
  }

  #refused(lane: Lane, whose: { isOwnShare: boolean }): QueueFull {
    this.#forgetIdle(lane);
    return new QueueFull(whose.isOwnShare ? this.#words.share : this.#words.full, whose);
  }

  /** Returns the refusal of a caller that waited. Its own share was the cause when all of it is in use. */
  #refusal(lane: Lane): QueueFull {
    return this.#refused(lane, { isOwnShare: lane.running >= lane.slotsMax });
  }

  #forgetIdle(lane: Lane): void {
    if (lane.running === 0 && lane.waiters.size === 0) this.#lanes.delete(lane.key);
  }
}
