/** Whether requests arrive faster than they are worked off. */
export interface Backlog {
  /** Call once a request. False: refuse it, so that those that wait in the sockets are reached, too. */
  admits(): boolean;
  /** A turn of the event loop has taken so long. */
  turned(turnMs: number): void;
}

export interface BacklogLimits {
  /** A turn that takes longer, twice in a row, means that more arrives than can be done. */
  turnMsMax: number;
  /** With fewer requests in it a turn was slow for another reason. */
  turnRequestsMin: number;
}

/**
 * What is not read yet waits in the sockets, where nothing counts it; but a turn of the event loop takes as
 * long as all that had arrived before it. Without this, 3000 clients at three times the capacity waited 5 s,
 * and none was told to come back later.
 */
export function createBacklog({ turnMsMax, turnRequestsMin }: BacklogLimits): Backlog {
  const shortTurnMs = turnMsMax / 5;
  let requests = 0;
  let slowTurns = 0;
  let admitting = true;
  return {
    admits() {
      requests++;
      return admitting;
    },
    turned(turnMs) {
      const isSlow = turnMs > turnMsMax && requests >= turnRequestsMin;
      slowTurns = isSlow ? slowTurns + 1 : 0;
      if (slowTurns >= 2) admitting = false;
      // Not before the sockets are empty: a refusal costs a tenth of a batch, so turns get shorter.
      else if (turnMs < shortTurnMs) admitting = true;
      requests = 0;
    },
  };
}

const lookMs = 20;

/** Tells a backlog of every turn that takes longer than a moment, or of several short ones as one. */
export function watchTurns(backlog: Pick<Backlog, "turned">): { close(): void } {
  let lastMs = performance.now();
  const look = setInterval(() => {
    const nowMs = performance.now();
    backlog.turned(nowMs - lastMs - lookMs);
    lastMs = nowMs;
  }, lookMs);
  look.unref();
  return { close: () => clearInterval(look) };
}
