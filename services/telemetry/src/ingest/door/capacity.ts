import type { Backlog } from "./backlog.ts";
import type { BodyReader } from "../reading/body.ts";
import type { Flusher } from "../blocks/flush.ts";

/** The limits that another request has to fit into. */
export interface Capacity {
  /** Returns true once the access table is complete and Kafka answers. */
  available: () => boolean;
  backlog: Pick<Backlog, "admits">;
  bodies: Pick<BodyReader, "heldBytes">;
  flusher: Pick<Flusher, "waiting">;
  /** New requests are refused while arriving bodies and unacknowledged flushes have more bytes than this. */
  heldBytesMax: number;
  /** New requests are refused while more requests than this wait for an acknowledgement. */
  waitingRequestsMax: number;
}

/** Returns true when another request may be served. Call this once a request. */
export function hasCapacity(capacity: Capacity): boolean {
  const { available, backlog, bodies, flusher, heldBytesMax, waitingRequestsMax } = capacity;
  if (!backlog.admits() || !available()) return false;
  const { bytes, requests } = flusher.waiting();
  return requests < waitingRequestsMax && bytes + bodies.heldBytes() < heldBytesMax;
}
