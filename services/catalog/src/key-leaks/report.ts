import type { IncomingMessage } from "node:http";
import { requestId } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { LeakReport } from "@mosis/types/key-leaks";
import { topics } from "@mosis/types/topics";
import type { Credentials } from "../credentials.ts";
import { insertMail } from "../mails/queries.ts";
import { appendOutbox } from "../outbox/append.ts";
import { everyone } from "../principal.ts";
import { hashSecret } from "../secret-hash.ts";
import {
  findOwnerEmail,
  findReportedKeys,
  lockReportedKey,
  type ReportedKey,
  updateLeaked,
} from "./queries.ts";

interface Leak {
  hash: string;
  /** Where it was found; null when nobody said. */
  url: string | null;
}

/**
 * What becomes of keys whose secret is public. A management key is disabled, and can be enabled once it is
 * rotated; when it was the secret from before a rotation, that ends. An ingest key is in every copy of its
 * app anyway: it works on, and its owner is told. Each is told once.
 */
export async function reportLeaks(
  { db, credentials }: { db: Pool; credentials: Pick<Credentials, "forget"> },
  report: LeakReport,
  req: IncomingMessage,
): Promise<void> {
  const leaks = new Map(report.map((found) => [hashSecret(found.token), leakOf(found)]));
  const reported = await findReportedKeys(db.as(everyone), [...leaks.keys()]);
  for (const { id, hash, developer_id } of reported) {
    const leak = leaks.get(hash);
    if (!leak) continue;
    await transaction(db.as(developer_id), (tx) => markLeaked(tx, { id, developer_id, leak, req }));
    credentials.forget(developer_id);
  }
}

/** The address may hold the secret too, which must not be kept. */
function leakOf({ token, url }: LeakReport[number]): Leak {
  return { hash: hashSecret(token), url: url?.replaceAll(token, "[secret]") ?? null };
}

async function markLeaked(
  tx: Queryable,
  { id, developer_id, leak, req }: { id: string; developer_id: string; leak: Leak; req: IncomingMessage },
): Promise<void> {
  const key = await lockReportedKey(tx, id, leak.hash);
  // It was rotated or deleted a moment ago, or this has been told before.
  if (!key || !isNews(key)) return;
  const after = await updateLeaked(tx, id, {
    isPrevious: key.is_previous,
    disables: key.kind === "management" && !key.is_previous,
  });
  const { email: recipient } = await findOwnerEmail(tx, developer_id);
  await insertMail(tx, {
    developerId: developer_id,
    kind: "key_leaked",
    recipient,
    requestId: requestId(req),
  });
  const secret = key.is_previous ? "previous" : "current";
  await appendOutbox(tx, {
    developerId: developer_id,
    actor: { kind: "system", id: "" },
    requestId: requestId(req),
    action: "key.leaked",
    target: { type: "key", id },
    payload: { ...after, leaked_secret: secret, leak_url: leak.url },
    state: { topic: topics.keys, key: id },
  });
}

function isNews({ kind, is_previous, previous_works, leaked_at }: ReportedKey): boolean {
  if (is_previous) return kind === "management" && previous_works;
  return leaked_at === null;
}
