/**
 * 64 bits of an event id, its identity in ClickHouse together with app, session and client time. A
 * function of the id alone, the same for either case. Both halves are mixed, because neither is random in
 * every kind of id: UUIDv7 begins with the clock, and ids made from counters differ in few bits.
 * @param words of the id, as `parseUuid` gives them.
 * @param write gets the low and the high 32 bits; a callback, so that no object is made for an event.
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
  write.pushWords((d ^ mixed(a)) >>> 0, (c ^ mixed(b ^ 0x5bd1e995)) >>> 0);
}

/**
 * A bijection of 32 bits (the finaliser of MurmurHash3), so that no bits of an id are lost before the xor.
 */
function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
