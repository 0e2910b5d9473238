import { hash } from "node:crypto";
import { networkOf } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { insertMail } from "../../developers/mail-queue.ts";
import { deleteOldestDevices, lockNotices, markNoticed, seeDevice } from "./device-queries.ts";

/**
 * Remembers the device that a session begins on, and mails its developer when it is new: not for the first
 * one of an account, never to an address that was not confirmed, and only a few times a day.
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
  // Of many new devices at once each sees the notices of the others: their number is a limit.
  await lockNotices(tx, developerId);
  await deleteOldestDevices(tx, developerId);
  const noticed = await markNoticed(tx, developerId, device);
  if (noticed) await insertMail(tx, { developerId, kind: "new_device", recipient: noticed.email, requestId });
}

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
