import { crc32 } from "node:zlib";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { LeakReport } from "@mosis/types/key-leaks";
import { keyKindOf } from "@mosis/types/key-format";
import { otherSpelling } from "../../shared/canonical-url.ts";
import type { Credentials } from "../../access/credentials.ts";
import { keyEvent } from "../events.ts";
import { disableMade, lockKeysOf } from "../made-queries.ts";
import { notify } from "../../developers/mail-queue.ts";
import { type Event, record, systemAuthor } from "../../changes/outbox/record.ts";
import { everyone } from "../../access/principal.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { findReportedKeys, lockReportedKey, type ReportedKey, updateLeaked } from "./queries.ts";

interface Leak {
  hash: string;
  /** Where it was found; null when nobody said. */
  url: string | null;
}

/** A key of the report, and the secret of it that is public. */
interface Found {
  id: string;
  leak: Leak;
}

/**
 * What becomes of keys whose secret is public. A management key is disabled, and can be enabled once it is
 * rotated; when it was the secret from before a rotation, that ends. Either way the keys that it has made are
 * disabled until their owner enables each. An ingest key is in every copy of its app anyway: it works on, and
 * its owner is notified. Each is reported once, and all of a report in one mail.
 */
export async function reportLeaks(
  { db, credentials }: { db: Pool; credentials: Pick<Credentials, "forget"> },
  report: LeakReport,
  requestId: string,
): Promise<void> {
  // Made up or cut off costs a checksum, not a look-up.
  const inForm = report.filter(({ token }) => keyKindOf(token, crc32) !== null);
  const leaks = new Map(inForm.map((leak) => [hashSecret(leak.token), leak]));
  const reported = await findReportedKeys(db.as(everyone), [...leaks.keys()]);
  const byDeveloper = Map.groupBy(reported, ({ developer_id }) => developer_id);
  for (const [developerId, keys] of byDeveloper) {
    const found = keys.flatMap(({ id, hash }) => {
      const leak = leaks.get(hash);
      // Where it was found is read only for keys that exist: a URL takes longer than all else of the check.
      return leak ? [{ id, leak: { hash, url: leak.url ? shownUrl(leak.url, leak.token) : null } }] : [];
    });
    await transaction(db.as(developerId), (tx) => markAllLeaked(tx, { developerId, found, requestId }));
    credentials.forget(developerId);
  }
}

/**
 * The address may hold the secret too, which must not be kept. Its owner follows it, so it is written as
 * every parser reads it, and what is no address of the web is left out: the report counts in any case.
 */
function shownUrl(url: string, token: string): string | null {
  const text = url.replaceAll(token, "[secret]");
  const read = URL.parse(text);
  if (!read || (read.protocol !== "https:" && read.protocol !== "http:")) return null;
  return otherSpelling(text, read) ?? text;
}

async function markAllLeaked(
  tx: Queryable,
  { developerId, found, requestId }: { developerId: string; found: Found[]; requestId: string },
): Promise<void> {
  await lockKeysOf(tx, developerId);
  const events: Event[] = [];
  const prefixes: string[] = [];
  // In one order, so that two reports do not wait for each other's keys.
  for (const one of found.toSorted((a, b) => a.id.localeCompare(b.id))) {
    const marked = await markLeaked(tx, one);
    if (!marked) continue;
    // Whoever had the secret may have made them. Each by itself, so that none comes back with the key.
    const made = await disableMade(tx, one.id);
    prefixes.push(marked.key_prefix);
    const payload = { ...marked, disabled_key_ids: made.map(({ id }) => id) };
    events.push(keyEvent("key.leaked", payload), ...made.map((key) => keyEvent("key.changed", key)));
  }
  if (events.length === 0) return;
  await notify(tx, { developerId, kind: "key_leaked", requestId, subjects: prefixes });
  await record(tx, systemAuthor(developerId, requestId), ...events);
}

/** Null when there is nothing to record: it was rotated or deleted a moment ago, or was reported before. */
async function markLeaked(tx: Queryable, { id, leak }: Found) {
  const key = await lockReportedKey(tx, id, leak.hash);
  if (!key || !isNews(key)) return null;
  const after = await updateLeaked(tx, id, {
    isPrevious: key.is_previous,
    disables: key.kind === "management" && !key.is_previous,
  });
  return { ...after, leaked_secret: key.is_previous ? "previous" : "current", leak_url: leak.url };
}

function isNews({ kind, is_previous, previous_works, leaked_at }: ReportedKey): boolean {
  if (is_previous) return kind === "management" && previous_works;
  return leaked_at === null;
}
