import { isIPv4, isIPv6 } from "node:net";
import { type AddressRanges, addressRanges } from "@mosis/runtime";
import { readTarget } from "./allowed-targets.ts";

/** The kind of a target: any public address, a private target that an operator allows, or a blocked one. */
type AddressKind = "public" | "allowed" | "blocked";
export type JudgeAddress = (address: string, port: number) => AddressKind;

/**
 * Returns a function that judges addresses, so that nobody uses a webhook to reach what only our own network
 * can reach.
 * @param allowedTargets `address:port`, each listed by itself (`WEBHOOK_ALLOWED_TARGETS`). A range or a whole
 * host is not possible, because it would include other services there.
 * @throws Error when one of them is no `address:port`.
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
  // Only global unicast addresses of IPv6 pass. IPv4 in its disguises (mapped, compatible, NAT64), unique
  // local, link-local and multicast addresses therefore need no list.
  return isIPv6(address) && globalIPv6.has(address) && !specialIPv6.has(address);
}

/** IANA's special-purpose registry (RFC 6890 and its successors), multicast and reserved addresses. */
const specialIPv4 = addressRanges([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]);
const globalIPv6 = addressRanges(["2000::/3"]);
/**
 * Teredo and 6to4 contain an IPv4 address, which may be any. The rest are benchmarks, ORCHID and
 * documentation.
 */
const specialIPv6 = addressRanges(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);
