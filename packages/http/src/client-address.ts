import type { IncomingMessage } from "node:http";
import { isIP, isIPv6, type Socket } from "node:net";
import { addressRanges, mappedIPv4 } from "@mosis/runtime";

/**
 * Returns the IP address of the client that sent a request, IPv4 in its short form. Returns an empty string
 * when one of our proxies does not report it. It is used for decisions; only the table of sessions stores it
 * (docs/decisions/0023-sessions-say-where-from.md).
 */
export type ClientAddress = (req: IncomingMessage) => string;

/**
 * Returns the address of the connection. When that is one of our proxies, returns the last address of
 * `X-Forwarded-For` that is not. Each proxy appends the address that it received the request from, so
 * everything left of a stranger's address was written by the stranger. A hop that cannot be read gives an
 * empty address: if it counted as the proxy, it would be let in wherever the proxy is.
 * @param trustedProxies Ranges in CIDR notation. Only these may set the field.
 * @throws Error when one of them is not a range.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = addressRanges(trustedProxies);
  return (req) => {
    // Undefined when the client has gone already; nobody will read the answer then.
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
 * Returns the address of a hop: `203.0.113.5`, `203.0.113.5:41234`, `[2001:db8::5]:443`, `2001:db8::5`,
 * quoted or not (RFC 7239 §6; load balancers write that form into X-Forwarded-For as well). Returns an empty
 * string for `unknown` and any other word.
 */
function addressOfHop(hop: string): string {
  const node = /^"(.*)"$/.exec(hop)?.[1] ?? hop;
  const [, v6, v4] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/i.exec(node) ?? [];
  const address = v6 ?? v4 ?? node;
  const isAddress = v6 === undefined ? isIP(address) !== 0 : isIPv6(address);
  return isAddress ? plainAddress(address) : "";
}

/** Returns `192.0.2.1` for `::ffff:192.0.2.1`, which is how an IPv6 socket reports an IPv4 address. */
export function plainAddress(address: string): string {
  return address.includes(":") ? (mappedIPv4(address) ?? address.toLowerCase()) : address;
}

/**
 * Returns the network of the client that sent a request, by `networkOf`. It counts as one client, as far as
 * addresses can tell.
 */
export function createClientNetwork(clientAddress: ClientAddress): (req: IncomingMessage) => string {
  // Without a proxy a connection has one address, and a look-up costs less than computing it again.
  const known = new WeakMap<Socket, string>();
  return (req) => {
    if (req.headers["x-forwarded-for"] !== undefined) return networkOf(clientAddress(req));
    let network = known.get(req.socket);
    if (network === undefined) known.set(req.socket, (network = networkOf(clientAddress(req))));
    return network;
  };
}

/**
 * Returns the range of addresses that one client usually has: one IPv4 address, or the IPv6 /64 that a
 * subscriber is given. Otherwise a subscriber could count as many clients as there are addresses in it.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [withoutZone = ""] = address.split("%", 1);
  const [head = "", tail = ""] = withoutZone.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === "" ? [] : tail.split(":");
  // The last two of the eight groups may be written as an IPv4 address.
  const count = first.length + last.length + (address.includes(".") ? 1 : 0);
  const groups = [...first, ...Array<string>(Math.max(0, 8 - count)).fill("0"), ...last];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
