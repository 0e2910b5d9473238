import { isIPv4, isIPv6 } from "node:net";
import { type AddressRanges, addressRanges } from "@mosis/runtime";
import { readTarget } from "./allowed-targets.ts";

/** Where a request may go: anywhere public; to a private target that an operator allows; or nowhere. */
type AddressKind = "public" | "allowed" | "blocked";
export type JudgeAddress = (address: string, port: number) => AddressKind;

/**
 * Judges addresses, so that nobody reaches through a webhook what only our own network reaches.
 * @param allowedTargets `address:port`, each by itself (`WEBHOOK_ALLOWED_TARGETS`). Never a range, and never
 * a whole host: what else listens there was not meant.
 * @throws Error when one of them is none.
 */
export function createJudgeAddress(allowedTargets: readonly string[]): JudgeAddress {
  const allowed = new Map<number, AddressRanges>();
  const targets = allowedTargets.map(readTarget);
  for (const { port } of targets) {
    const ofPort = targets.filter((target) => target.port === port);
    allowed.set(port, addressRanges(ofPort.map(({ address }) => address)));
  }
  return (address, port) => {
    if (allowed.get(port)?.has(address)) return "allowed";
    return isPublic(address) ? "public" : "blocked";
  };
}

function isPublic(address: string): boolean {
  if (isIPv4(address)) return !specialIPv4.has(address);
  // Of IPv6 only global unicast is let through. So IPv4 in its disguises (mapped, compatible, NAT64), unique
  // local, link-local and multicast addresses need no list.
  return isIPv6(address) && globalIPv6.has(address) && !specialIPv6.has(address);
}

/** IANA's special-purpose registry (RFC 6890 and what came later), multicast and what is reserved. */
const specialIPv4 = addressRanges([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
]);
const globalIPv6 = addressRanges(["2000::/3"]);
/** Teredo and 6to4 hold an IPv4 address, which may be any; then benchmarks, ORCHID and documentation. */
const specialIPv6 = addressRanges(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);
