import { BlockList, isIP } from "node:net";

/** A set of IP addresses, written as ranges. */
export interface AddressRanges {
  /** `::ffff:192.0.2.1` counts as the IPv4 address that it is. False for what is no address. */
  has(address: string): boolean;
}

/**
 * @param ranges in CIDR notation, `192.0.2.0/24` or `2001:db8::/32`; without a length, a single address.
 * @throws Error that names the range that is none.
 */
export function addressRanges(ranges: readonly string[]): AddressRanges {
  const list = new BlockList();
  for (const range of ranges) {
    const parsed = parseRange(range);
    if (!parsed) throw new Error(`"${range}" is no range of addresses`);
    list.addSubnet(parsed.address, parsed.length, parsed.family);
  }
  return {
    has(address) {
      const family = familyOf(address);
      return family !== null && list.check(address, family);
    },
  };
}

/** Whether a text is a range in CIDR notation, or a single address. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** Whether every address of a range is in one of the others. False for what is no range. */
export function isWithinRanges(range: string, others: readonly string[]): boolean {
  const inner = parseRange(range);
  if (!inner) return false;
  return others.some((other) => {
    const outer = parseRange(other);
    return (
      outer !== null && fixedBits(outer) <= fixedBits(inner) && addressRanges([other]).has(inner.address)
    );
  });
}

interface ParsedRange {
  address: string;
  length: number;
  family: "ipv4" | "ipv6";
}

/** Every IPv4 address is an IPv6 one too, behind 96 bits that are always the same. */
function fixedBits({ length, family }: ParsedRange): number {
  return family === "ipv4" ? length + 96 : length;
}

function parseRange(text: string): ParsedRange | null {
  // Without leading zeros in the length, as PostgreSQL reads it too.
  const match = /^([\d.a-f:]{2,45})(?:\/(0|[1-9]\d{0,2}))?$/i.exec(text);
  const family = familyOf(match?.[1] ?? "");
  if (match?.[1] === undefined || family === null) return null;
  const lengthMax = family === "ipv4" ? 32 : 128;
  const length = match[2] === undefined ? lengthMax : Number(match[2]);
  return length <= lengthMax ? { address: match[1], length, family } : null;
}

function familyOf(address: string): "ipv4" | "ipv6" | null {
  const version = isIP(address);
  if (version === 0) return null;
  return version === 4 ? "ipv4" : "ipv6";
}
