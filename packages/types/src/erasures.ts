import Type, { type Static } from "typebox";
import { Nullable, Timestamp, Uuid } from "./formats.ts";

/** Body of `POST /v1/apps/{package_id}/erasures`. */
export const NewErasure = Type.Object({ install_id: Uuid }, { additionalProperties: false });
export type NewErasure = Static<typeof NewErasure>;

const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Count = Type.Integer({ minimum: 0 });

/**
 * The fields of an erasure that has not ended. `install_hash` is the SHA-256 of the install id's lower-case
 * text, in hex; only the deleting process receives the install id itself.
 */
const requested = { app_id: Uuid, install_hash: Sha256, requested_at: Timestamp };

/**
 * The result of an erasure, and the SHA-256 that the writer's `erase.ts` computes from it. Everything
 * acknowledged before `received_before` is gone from ClickHouse.
 */
export const ErasureProof = Type.Object({
  erasure_id: Uuid,
  ...requested,
  received_before: Timestamp,
  completed_at: Timestamp,
  /** Events of the install that the view `events` had when the erasure began, whatever their age. */
  events_erased: Count,
  rejected_erased: Count,
  /** Rows of the install that are left. The erasure ends only when this is 0. */
  remaining: Count,
  /** The time by which the last Kafka record with any of its data has expired, dead letters excepted. */
  kafka_expired_at: Timestamp,
  proof: Sha256,
});
export type ErasureProof = Static<typeof ErasureProof>;

/** An erasure as its developer sees it. The fields of its end are null until `state` is `erased`. */
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

/** Returns an erasure that was requested and has not ended, as far as the caller knows. */
export function requestedErasure(
  id: string,
  { app_id, install_hash, requested_at }: Pick<Erasure, "app_id" | "install_hash" | "requested_at">,
): Erasure {
  const unknown = { received_before: null, completed_at: null, kafka_expired_at: null, proof: null };
  const counts = { events_erased: null, rejected_erased: null, remaining: null };
  return { id, state: "requested", app_id, install_hash, requested_at, ...unknown, ...counts };
}

/**
 * Value of a `telemetry.erasures` record: what the writer has to delete, and which developer it belongs to.
 */
export const ErasureRequest = Type.Object({
  erasure_id: Uuid,
  developer_id: Uuid,
  ...requested,
  install_id: Uuid,
});
export type ErasureRequest = Static<typeof ErasureRequest>;
