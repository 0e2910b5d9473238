import type { Backlog } from "./backlog.ts";
import type { BodyReader } from "../reading/body.ts";
import type { Flusher } from "../blocks/flush.ts";

/** What another request has to fit into. */
export interface Capacity {
  /** True once the access table is complete and Kafka answers. */
  available: () => boolean;
  backlog: Pick<Backlog, "admits">;
  bodies: Pick<BodyReader, "heldBytes">;
  flusher: Pick<Flusher, "waiting">;
  /** More bytes in arriving bodies and unacknowledged flushes than this, and new requests are refused. */
  heldBytesMax: number;
  /** More requests waiting for an acknowledgement than this, and new ones are refused. */
  waitingRequestsMax: number;
}

/** Ask once a request. */
export function hasCapacity(capacity: Capacity): boolean {
  const { available, backlog, bodies, flusher, heldBytesMax, waitingRequestsMax } = capacity;
  if (!backlog.admits() || !available()) return false;
  const { bytes, requests } = flusher.waiting();
  return requests < waitingRequestsMax && bytes + bodies.heldBytes() < heldBytesMax;
}
