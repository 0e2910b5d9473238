import type { Queryable } from "@mosis/postgres";
import { insertMail } from "../../developers/mail-queue.ts";
import { deviceHash } from "./device.ts";
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
