/**
 * Returns the share of an id, from 0 to below 1. An id is sampled at a rate when its share is below the rate.
 * The share depends only on the id, so that clients, every ingest process and every attempt decide alike, a
 * session is kept whole or not at all, and what is kept at a rate is kept at every higher one. It is FNV-1a
 * over the lower-case characters of a UUID, then the last steps of MurmurHash3: without them ids that differ
 * only in their last digits get shares close together.
 */
export function shareOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    // Lower case: among the characters of a UUID only A to F have this bit clear.
    hash = Math.imul(hash ^ (id.charCodeAt(i) | 0x20), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
