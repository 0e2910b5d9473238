/**
 * Writes 48 bits of an event id, its identity in ClickHouse together with app, session and client time. They
 * depend only on the id, and are the same for upper and lower case. All four words are mixed, because no word
 * is random in every kind of id: UUIDv7 begins with the clock, and ids made from counters differ in few bits.
 * Ids that differ in one word only never have the same key.
 * @param words of the id, in the form of `parseUuid`.
 * @param write gets the low 32 and the high 16 bits; it is a callback, so that no object is made for an
 * event.
 */
export function eventKey(
  words: Uint32Array,
  at: number,
  write: { pushWords(low: number, high: number): void },
): void {
  const a = words[at + 1] as number;
  const b = words[at] as number;
  const c = words[at + 3] as number;
  const d = words[at + 2] as number;
  // Each depends on all four words, so that two ids that agree by accident in one do not agree in the other.
  const low = d ^ mixed(c ^ mixed(b ^ mixed(a ^ 0x5bd1e995)));
  const sum =
    Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca77) + Math.imul(c, 0xc2b2ae3d) + Math.imul(d, 0x27d4eb2f);
  write.pushWords(low >>> 0, (sum >>> 16) & 0xffff);
}

/**
 * Maps 32 bits to 32 bits one to one (the finaliser of MurmurHash3), so that no bits of a word are lost
 * before the xor.
 */
function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
