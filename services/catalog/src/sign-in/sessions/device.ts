import { hash } from "node:crypto";
import { networkOf } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { insertMail } from "../../developers/mail-queue.ts";
import { deleteOldestDevices, lockNotices, markNoticed, seeDevice } from "./device-queries.ts";

/**
 * Records the device that a session begins on, and mails its developer when it is new. No mail is sent for
 * the first device of an account, to an address that was not confirmed, or more than a few times a day.
 */
export async function noteDevice(
  tx: Queryable,
  session: {
    developerId: string;
    address: string | null;
    userAgent: string | null;
    requestId: string;
  },
): Promise<void> {
  const { developerId, requestId } = session;
  const device = deviceHash(session);
  const { is_known } = await seeDevice(tx, developerId, device);
  if (is_known) return;
  // The lock makes concurrent sign-ins see each other's notices: their number is limited.
  await lockNotices(tx, developerId);
  await deleteOldestDevices(tx, developerId);
  const noticed = await markNoticed(tx, developerId, device);
  if (noticed) await insertMail(tx, { developerId, kind: "new_device", recipient: noticed.email, requestId });
}

/**
 * Returns the hash that a device is recognised by: its network and the name that its client sends. Versions
 * are left out, because an updated browser is not another device. The hash is a pseudonym, not a secret:
 * somebody who knows the developer can try the networks.
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

/**
 * Returns the /24 of an IPv4 address, or the /48 of an IPv6 address: a provider gives one customer addresses
 * in such a network over time.
 */
function wideNetworkOf(address: string | null): string {
  if (address === null) return "";
  const network = networkOf(address);
  return network.includes(":")
    ? network.split(":").slice(0, 3).join(":")
    : network.split(".").slice(0, 3).join(".");
}
