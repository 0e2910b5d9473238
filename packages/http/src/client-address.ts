import type { IncomingMessage } from "node:http";
import { isIP, isIPv6, type Socket } from "node:net";
import { addressRanges, mappedIPv4 } from "@mosis/runtime";

/**
 * The IP address of whoever sends a request, IPv4 in its short form; empty when a proxy of ours does not say.
 * For decisions; the only table that has it is that of sessions
 * (docs/decisions/0023-sessions-say-where-from.md).
 */
export type ClientAddress = (req: IncomingMessage) => string;

/**
 * The address of the connection. When that is a proxy of ours, the last address of `X-Forwarded-For` that is
 * not: each proxy appends whom it has it from, so what stands left of a stranger is the stranger's own word.
 * A hop that cannot be read is nobody: taken for the proxy, it would be let in wherever the proxy is.
 * @param trustedProxies ranges in CIDR notation. Nobody but these may set the field.
 * @throws Error when one of them is no range.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = addressRanges(trustedProxies);
  return (req) => {
    // Undefined when the client is gone already: nobody will read the answer.
    let address = plainAddress(req.socket.remoteAddress ?? "");
    const forwarded = req.headers["x-forwarded-for"];
    if (forwarded === undefined || !trusted.has(address)) return address;
    const hops = String(forwarded).trim();
    if (hops === "") return address;
    for (const hop of hops.split(",").toReversed()) {
      address = addressOfHop(hop.trim());
      if (!trusted.has(address)) break;
    }
    return address;
  };
}

/**
 * The address of a hop: `203.0.113.5`, `203.0.113.5:41234`, `[2001:db8::5]:443`, `2001:db8::5`, quoted or not
 * (RFC 7239 §6, whose form load balancers write into X-Forwarded-For, too). Empty for `unknown` and any other
 * word.
 */
function addressOfHop(hop: string): string {
  const node = /^"(.*)"$/.exec(hop)?.[1] ?? hop;
  const [, v6, v4] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/i.exec(node) ?? [];
  const address = v6 ?? v4 ?? node;
  const isAddress = v6 === undefined ? isIP(address) !== 0 : isIPv6(address);
  return isAddress ? plainAddress(address) : "";
}

/** IPv4 as an IPv6 socket tells it, `::ffff:192.0.2.1`, is `192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.includes(":") ? (mappedIPv4(address) ?? address.toLowerCase()) : address;
}

/** The network of whoever sends a request, by `networkOf`: one client, as far as addresses tell. */
export function createClientNetwork(clientAddress: ClientAddress): (req: IncomingMessage) => string {
  // Without a proxy a connection has one address, and looking it up costs less than putting it together.
  const known = new WeakMap<Socket, string>();
  return (req) => {
    if (req.headers["x-forwarded-for"] !== undefined) return networkOf(clientAddress(req));
    let network = known.get(req.socket);
    if (network === undefined) known.set(req.socket, (network = networkOf(clientAddress(req))));
    return network;
  };
}

/**
 * What one client usually has of addresses: one of IPv4, and of IPv6 the /64 that a subscriber is given, who
 * else would be as many clients as there are addresses in it.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [withoutZone = ""] = address.split("%", 1);
  const [head = "", tail = ""] = withoutZone.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === "" ? [] : tail.split(":");
  // Two of the eight groups may be written as an IPv4 address.
  const count = first.length + last.length + (address.includes(".") ? 1 : 0);
  const groups = [...first, ...Array<string>(Math.max(0, 8 - count)).fill("0"), ...last];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
