import Type, { type Static } from "typebox";
import { Nullable, Timestamp, Uuid } from "./formats.ts";

/** Body of `POST /v1/apps/{package_id}/erasures`. */
export const NewErasure = Type.Object({ install_id: Uuid }, { additionalProperties: false });
export type NewErasure = Static<typeof NewErasure>;

const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Count = Type.Integer({ minimum: 0 });

/**
 * What is known of an erasure without its end. The install id itself is told nowhere but to who deletes:
 * `install_hash` is the SHA-256 of its text in lower case, in hex.
 */
const requested = { app_id: Uuid, install_hash: Sha256, requested_at: Timestamp };

/**
 * How an erasure ended, and the SHA-256 that `erase.ts` of the writer makes of it. Everything that was
 * acknowledged before `received_before` is gone from ClickHouse.
 */
export const ErasureProof = Type.Object({
  erasure_id: Uuid,
  ...requested,
  received_before: Timestamp,
  completed_at: Timestamp,
  /** Events that the view `events` had of the install when its erasure began, whatever their age. */
  events_erased: Count,
  rejected_erased: Count,
  /** Rows that are left of it: 0, or it has not ended. */
  remaining: Count,
  /** By then the last record in Kafka is gone that holds any of it, dead letters excepted. */
  kafka_expired_at: Timestamp,
  proof: Sha256,
});
export type ErasureProof = Static<typeof ErasureProof>;

/** An erasure as its developer sees it. What an erasure has at its end is null until `state` is `erased`. */
export const Erasure = Type.Object({
  id: Uuid,
  state: Type.Enum(["requested", "erased"]),
  ...requested,
  received_before: Nullable(Timestamp),
  completed_at: Nullable(Timestamp),
  events_erased: Nullable(Count),
  rejected_erased: Nullable(Count),
  remaining: Nullable(Count),
  kafka_expired_at: Nullable(Timestamp),
  proof: Nullable(Sha256),
});
export type Erasure = Static<typeof Erasure>;

/** An erasure that was asked for and has not ended, as far as whoever tells of it knows. */
export function requestedErasure(
  id: string,
  { app_id, install_hash, requested_at }: Pick<Erasure, "app_id" | "install_hash" | "requested_at">,
): Erasure {
  const unknown = { received_before: null, completed_at: null, kafka_expired_at: null, proof: null };
  const counts = { events_erased: null, rejected_erased: null, remaining: null };
  return { id, state: "requested", app_id, install_hash, requested_at, ...unknown, ...counts };
}

/** Value of a `telemetry.erasures` record: what the writer has to delete, and whose it is. */
export const ErasureRequest = Type.Object({
  erasure_id: Uuid,
  developer_id: Uuid,
  ...requested,
  install_id: Uuid,
});
export type ErasureRequest = Static<typeof ErasureRequest>;
