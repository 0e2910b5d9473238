/**
 * 64 bits of an event id, its identity in ClickHouse together with app, session and client time. A
 * function of the id alone, the same for either case. Both halves are mixed, because neither is random in
 * every kind of id: UUIDv7 begins with the clock, and ids made from counters differ in few bits.
 * @param write gets the low and the high 32 bits; a callback, so that no object is made for an event.
 */
export function eventKey(eventId: string, write: { pushWords(low: number, high: number): void }): void {
  const a = hex8(eventId, 0, 4);
  const b = hex8(eventId, 9, 14);
  const c = hex8(eventId, 19, 24);
  const d = hex8(eventId, 28, 32);
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

function hex8(text: string, first: number, second: number): number {
  return (hex4(text, first) << 16) | hex4(text, second);
}

function hex4(text: string, at: number): number {
  return (hex1(text, at) << 12) | (hex1(text, at + 1) << 8) | (hex1(text, at + 2) << 4) | hex1(text, at + 3);
}

/** `0`–`9` are 0x30–0x39, letters of either case have bit 6 set and end in 1–6. */
function hex1(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return (unit & 15) + (unit >> 6) * 9;
}
