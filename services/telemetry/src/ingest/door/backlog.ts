/** Decides whether requests arrive faster than they are served. */
export interface Backlog {
  /**
   * Call this once a request. It returns false when the request must be refused, so that those that wait in
   * the sockets are reached, too.
   */
  admits(): boolean;
  /** Call this after a turn of the event loop, with the time that it has taken. */
  turned(turnMs: number): void;
}

export interface BacklogLimits {
  /** A turn that takes longer, twice in a row, means that more arrives than can be served. */
  turnMsMax: number;
  /** A slow turn with fewer requests was slow for another reason. */
  turnRequestsMin: number;
}

/**
 * Creates the backlog. Requests that are not read yet wait in the sockets, where nothing counts them; but a
 * turn of the event loop takes as long as everything that had arrived before it. Without this, 3000 clients
 * at three times the capacity waited 5 s, and none was asked to come back later.
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
      // It admits again only when the sockets are empty: a refusal costs a tenth of a batch, so turns get
      // shorter.
      else if (turnMs < shortTurnMs) admitting = true;
      requests = 0;
    },
  };
}

const lookMs = 20;

/** Reports every turn that takes longer than a moment to a backlog; several short turns count as one. */
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
