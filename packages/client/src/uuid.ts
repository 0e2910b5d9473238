/** A new UUIDv7 (RFC 9562 §5.7) in lower case, from the platform's secure random numbers. */
export function newUuid(nowMs: number = Date.now()): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  const time = nowMs.toString(16).padStart(12, "0");
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = (0x8 | (Number.parseInt(hex.charAt(3), 16) & 0x3)).toString(16);
  const groups = [
    time.slice(0, 8),
    time.slice(8),
    `7${hex.slice(0, 3)}`,
    variant + hex.slice(4, 7),
    hex.slice(7, 19),
  ];
  return groups.join("-");
}
