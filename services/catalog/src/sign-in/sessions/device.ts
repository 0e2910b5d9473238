import { hash } from "node:crypto";
import { networkOf } from "@mosis/http";

/**
 * What a device is recognised by: the network that it is in and what its client calls itself. Versions are
 * left out, because a browser that was updated is no other device. A pseudonym, no secret: whoever knows the
 * developer can try the networks.
 */
export function deviceHash(device: {
  developerId: string;
  address: string | null;
  userAgent: string | null;
}): string {
  const { developerId, address, userAgent } = device;
  const client = (userAgent ?? "").replaceAll(/[\d._]+/g, "");
  return hash("sha256", JSON.stringify([developerId, wideNetworkOf(address), client]), "hex");
}

/** The /24 of an IPv4 address, the /48 of an IPv6 address: what a provider gives one customer over time. */
function wideNetworkOf(address: string | null): string {
  if (address === null) return "";
  const network = networkOf(address);
  return network.includes(":")
    ? network.split(":").slice(0, 3).join(":")
    : network.split(".").slice(0, 3).join(".");
}
