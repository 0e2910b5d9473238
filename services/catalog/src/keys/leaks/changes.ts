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
  /** The URL where it was found; null when the report has none. */
  url: string | null;
}

/** A key of the report, and its leaked secret. */
interface Found {
  id: string;
  leak: Leak;
}

/**
 * Handles keys whose secret is public. A management key is disabled, and can be enabled after it is rotated.
 * When the leaked secret is the previous one, only that secret ends. In both cases the keys that it has made
 * are disabled until their owner enables each. An ingest key is in every copy of its app anyway: it works on,
 * and its owner is notified. Each key is reported once, and all of a report in one mail.
 */
export async function reportLeaks(
  { db, credentials }: { db: Pool; credentials: Pick<Credentials, "forget"> },
  report: LeakReport,
  requestId: string,
): Promise<void> {
  // A secret that is made up or cut off costs a checksum, not a look-up.
  const inForm = report.filter(({ token }) => keyKindOf(token, crc32) !== null);
  const leaks = new Map(inForm.map((leak) => [hashSecret(leak.token), leak]));
  const reported = await findReportedKeys(db.as(everyone), [...leaks.keys()]);
  const byDeveloper = Map.groupBy(reported, ({ developer_id }) => developer_id);
  for (const [developerId, keys] of byDeveloper) {
    const found = keys.flatMap(({ id, hash }) => {
      const leak = leaks.get(hash);
      // The URL is read only for keys that exist: that takes longer than the rest of the check.
      return leak ? [{ id, leak: { hash, url: leak.url ? shownUrl(leak.url, leak.token) : null } }] : [];
    });
    await transaction(db.as(developerId), (tx) => markAllLeaked(tx, { developerId, found, requestId }));
    credentials.forget(developerId);
  }
}

/**
 * Returns the URL as it is shown to the owner. The secret is replaced, because it must not be kept. The owner
 * will open the URL, so it is in the form that every parser reads alike. Returns null for a URL that is not
 * of the web; the report counts in any case.
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
  // All reports lock keys in the same order, so that two of them do not wait for each other.
  for (const one of found.toSorted((a, b) => a.id.localeCompare(b.id))) {
    const marked = await markLeaked(tx, one);
    if (!marked) continue;
    // A thief may have made these keys. Each is disabled by itself, so that none is enabled with its maker.
    const made = await disableMade(tx, one.id);
    prefixes.push(marked.key_prefix);
    const payload = { ...marked, disabled_key_ids: made.map(({ id }) => id) };
    events.push(keyEvent("key.leaked", payload), ...made.map((key) => keyEvent("key.changed", key)));
  }
  if (events.length === 0) return;
  await notify(tx, { developerId, kind: "key_leaked", requestId, subjects: prefixes });
  await record(tx, systemAuthor(developerId, requestId), ...events);
}

/** Returns null when there is nothing to record: the key was rotated, deleted or reported before. */
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
