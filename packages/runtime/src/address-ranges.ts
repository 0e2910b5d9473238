import { BlockList, isIP, SocketAddress } from "node:net";

/** A set of IP addresses, written as ranges. */
export interface AddressRanges {
  /**
   * Returns true when an address is in one of the ranges, and false for text that is not an address.
   * `::ffff:192.0.2.1` counts as its IPv4 address, and no IPv6 range contains an IPv4 address.
   */
  has(address: string): boolean;
}

/**
 * @param ranges Ranges in CIDR notation, `192.0.2.0/24` or `2001:db8::/32`; without a length, a single
 * address.
 * @throws Error that names the invalid range.
 */
export function addressRanges(ranges: readonly string[]): AddressRanges {
  // There are two lists, because Node's list finds 127.0.0.1 in ::/8: it compares the bits of
  // ::ffff:127.0.0.1.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const parsed = parseRange(range);
    if (!parsed) throw new Error(`"${range}" is no range of addresses`);
    lists[parsed.family].addSubnet(parsed.address, parsed.length, parsed.family);
  }
  return {
    has(address) {
      const plain = mappedIPv4(address) ?? address;
      const family = familyOf(plain);
      return family !== null && lists[family].check(plain, family);
    },
  };
}

/** Returns true when a text is a range in CIDR notation, or a single address. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== null;
}

/**
 * Returns the range in its own form: an IPv4 range written as IPv6 becomes IPv4, any other text stays as it
 * is.
 */
export function plainRange(text: string): string {
  const parsed = parseRange(text);
  return parsed?.family === "ipv4" && text.includes(":") ? `${parsed.address}/${parsed.length}` : text;
}

/** Returns true when every address of a range is in one of the others, and false when it is not a range. */
export function isWithinRanges(range: string, others: readonly string[]): boolean {
  const inner = parseRange(range);
  if (!inner) return false;
  return others.some((other) => {
    const outer = parseRange(other);
    if (outer?.family !== inner.family || outer.length > inner.length) return false;
    return addressRanges([other]).has(inner.address);
  });
}

interface ParsedRange {
  address: string;
  length: number;
  family: "ipv4" | "ipv6";
}

/** An IPv4 address in IPv6 comes after 96 bits that are always the same (RFC 4291 §2.5.5.2). */
const mappedBits = 96;

function parseRange(text: string): ParsedRange | null {
  // The length has no leading zeros, as in PostgreSQL.
  const match = /^([\d.a-f:]{2,45})(?:\/(0|[1-9]\d{0,2}))?$/i.exec(text);
  const address = match?.[1] ?? "";
  const family = familyOf(address);
  if (family === null) return null;
  const lengthMax = family === "ipv4" ? 32 : 128;
  const length = match?.[2] === undefined ? lengthMax : Number(match[2]);
  if (length > lengthMax) return null;
  const mapped = mappedIPv4(address);
  if (mapped === null) return { address, length, family };
  // A shorter length would give a range of IPv6, which nobody means who writes IPv4 into it.
  if (length < mappedBits) return null;
  return { address: mapped, length: length - mappedBits, family: "ipv4" };
}

/** Returns `192.0.2.1` for `::ffff:192.0.2.1` in any spelling, and null for every other text. */
export function mappedIPv4(address: string): string | null {
  if (!address.includes(":") || isIP(address) !== 6) return null;
  // Node writes every spelling in the short form of RFC 5952.
  const short = new SocketAddress({ address, family: "ipv6" }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(short)?.[1] ?? null;
}

function familyOf(address: string): "ipv4" | "ipv6" | null {
  const version = isIP(address);
  if (version === 0) return null;
  return version === 4 ? "ipv4" : "ipv6";
}
