import { randomUUIDv7 } from "node:crypto";

/**
 * Returns a new UUIDv7 (RFC 9562 §5.7) in lower case: 48 bits of the clock in milliseconds, then 74 random
 * bits.
 */
export function newId(): string {
  return randomUUIDv7();
}
