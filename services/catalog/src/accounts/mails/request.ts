import type { Queryable } from "@mosis/postgres";
import { throttled } from "../../sign-in/throttle/account.ts";
import { insertMail } from "../../developers/mail-queue.ts";

/**
 * Queues a mail that a client asks for.
 * @throws Problem `rate_limited` (429) when its mailbox, or the client, has had as many as allowed.
 */
export async function requestMail(tx: Queryable, mail: Parameters<typeof insertMail>[1]): Promise<void> {
  const { queued, wait_seconds } = await insertMail(tx, mail);
  if (!queued) throw throttled("with this e-mail address", wait_seconds);
}
