import type { Queryable } from "@mosis/postgres";
import { throttled } from "../../sign-in/throttle/account.ts";
import { insertMail } from "../../developers/mail-queue.ts";

/**
 * Queues a mail that somebody asks for.
 * @throws Problem `rate_limited` (429) when its mailbox, or who asks, has had as many as one may have.
 */
export async function requestMail(tx: Queryable, mail: Parameters<typeof insertMail>[1]): Promise<void> {
  const { queued, wait_seconds } = await insertMail(tx, mail);
  if (!queued) throw throttled("with this e-mail address", wait_seconds);
}
