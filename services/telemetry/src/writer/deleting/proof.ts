import { createHash } from "node:crypto";
import type { ErasureProof } from "@mosis/types/erasures";

/**
 * The SHA-256, in hex, of the JSON array of what an erasure says of itself, in this order and without spaces.
 * Whoever has the answer can make it again: docs/api.md tells how.
 */
export function proofOf(erasure: Omit<ErasureProof, "proof">): string {
  const { erasure_id, app_id, install_hash, requested_at, received_before, completed_at } = erasure;
  const { events_erased, rejected_erased, remaining, kafka_expired_at } = erasure;
  const fields = [
    ...[erasure_id, app_id, install_hash, requested_at, received_before, completed_at],
    ...[events_erased, rejected_erased, remaining, kafka_expired_at],
  ];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}
