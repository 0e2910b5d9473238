// What is done to a key. Each is one transaction: the row, its audit event, and what telemetry must know.
import type { IncomingMessage } from "node:http";
import { etagOf, type Problem, problem, requestId, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Key, KeyChange, KeyKind } from "@mosis/types/keys";
import { topics } from "@mosis/types/topics";
import { readExpiry } from "../expiry.ts";
import { notify } from "../mails/queries.ts";
import { appendOutbox } from "../outbox/append.ts";
import type { Principal } from "../principal.ts";
import { stateConflict } from "../refusal.ts";
import { requireRecent } from "../sessions/recent.ts";
import { grantedCidrs, grantedEventsPerSecond, grantedPermissions, requireMakeable } from "./grant.ts";
import { releaseKey } from "./quarantine-queries.ts";
import {
  deleteKey,
  findOwnKey,
  insertKey,
  type KeyValues,
  lockOwnKey,
  type NewKeyRow,
  updateKey,
  updateSecret,
} from "./queries.ts";

/** Who changes a key, with which request. */
interface By {
  principal: Principal;
  req: IncomingMessage;
}

export async function createKey(tx: Queryable, by: By, row: NewKeyRow): Promise<Key> {
  await requireRecentFor(tx, by, row);
  const { id } = await insertKey(tx, row);
  const created = await findOwnKey(tx, by.principal, id);
  if (!created) throw new Error("A key was made that its maker cannot see.");
  await notifyIssued(tx, by, created);
  await append(tx, by, "key.created", created);
  return created;
}

export async function changeKey(tx: Queryable, by: By, id: string, change: KeyChange): Promise<Key> {
  const key = await lockKey(tx, by, id);
  requireMatch(by.req, tagOf(key));
  const values = changed(by.principal, key, change);
  const after = await updateKey(tx, id, values);
  // Nothing has changed, so there is nothing to tell.
  if (tagOf(after) === tagOf(key)) return key;
  if (mayDoMore(key, after)) {
    requireMakeable(by.principal, after);
    await requireRecentFor(tx, by, after);
    await notifyIssued(tx, by, after);
  }
  await append(tx, by, "key.changed", after);
  return after;
}

/** Whether a change has made a key worth more to whoever has its secret. */
function mayDoMore(before: Key, after: Key): boolean {
  if (after.disabled) return false;
  return (
    before.disabled ||
    String(after.cidrs) !== String(before.cidrs) ||
    after.permissions.some((permission) => !before.permissions.includes(permission)) ||
    rateOf(after) > rateOf(before)
  );
}

function rateOf(key: Key): number {
  return key.telemetry_events_per_second ?? Infinity;
}

export interface Rotation {
  hash: string;
  prefix: string;
  graceSeconds: number;
}

export async function rotateKey(tx: Queryable, by: By, id: string, rotation: Rotation): Promise<Key> {
  const key = await lockKey(tx, by, id);
  requireMatch(by.req, tagOf(key));
  // Whoever rotates a key has its secret then.
  requireMakeable(by.principal, key);
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) {
    const fix = "Make another one.";
    throw stateConflict("The key", { code: "key_ended", message: "has ended", fix });
  }
  // A secret that strangers have must not get a grace. That of an ingest key is public by its nature.
  const isStolen = key.leaked_at !== null && key.kind === "management";
  const graceSeconds = isStolen ? 0 : rotation.graceSeconds;
  await requireRecentFor(tx, by, key);
  const rotated = await updateSecret(tx, id, { ...rotation, graceSeconds });
  await notifyIssued(tx, by, rotated);
  await append(tx, by, "key.rotated", rotated);
  return rotated;
}

/** Ends the quarantine of a key, for its owner who has signed in. One that is in none stays as it is. */
export async function confirmKey(tx: Queryable, by: By, id: string): Promise<Key> {
  const key = await lockKey(tx, by, id);
  if (key.quarantined_at === null) return key;
  const confirmed = await releaseKey(tx, id);
  await append(tx, by, "key.confirmed", confirmed);
  return confirmed;
}

export async function revokeKey(tx: Queryable, by: By, id: string): Promise<void> {
  const key = await lockKey(tx, by, id);
  await deleteKey(tx, id);
  await append(tx, by, "key.deleted", key);
}

/** Equal as long as nothing but its use has changed. */
export function tagOf(key: Key): string {
  return etagOf(JSON.stringify({ ...key, last_used_at: null }));
}

export function missing(): Problem {
  return problem("not_found", "There is no such key.");
}

/**
 * An ingest key is public by its nature, so nobody gains by making one. A management key outlives its
 * session.
 */
async function requireRecentFor(
  tx: Queryable,
  { principal }: By,
  { kind }: { kind: KeyKind },
): Promise<void> {
  if (kind === "management") await requireRecent(tx, principal);
}

async function notifyIssued(tx: Queryable, { principal, req }: By, key: Key): Promise<void> {
  if (key.kind !== "management") return;
  const { developerId } = principal;
  const notice = { developerId, kind: "key_issued", requestId: requestId(req) } as const;
  await notify(tx, { ...notice, subjects: [key.key_prefix] });
}

async function lockKey(tx: Queryable, { principal }: By, id: string): Promise<Key> {
  const key = await lockOwnKey(tx, principal, id);
  if (!key) throw missing();
  return key;
}

/** @throws Problem for what cannot become so, or not by this caller. */
function changed(principal: Principal, key: Key, change: KeyChange): KeyValues {
  const { name, permissions, cidrs, disabled, expires_at, telemetry_events_per_second: rate } = change;
  if (disabled === false && key.disabled && key.leaked_at !== null) {
    const fix = "Rotate it, then enable it.";
    throw stateConflict("The key", { code: "key_leaked", message: "has a secret that is public", fix });
  }
  return {
    name: name ?? key.name,
    permissions: permissions
      ? grantedPermissions(principal, { kind: key.kind, permissions })
      : key.permissions,
    cidrs: cidrs ? [...grantedCidrs(principal, cidrs)] : key.cidrs,
    disabled: disabled ?? key.disabled,
    expires_at: expires_at === undefined ? key.expires_at : earlierExpiry(key, expires_at),
    telemetry_events_per_second:
      rate === undefined ? key.telemetry_events_per_second : grantedEventsPerSecond(principal, rate),
  };
}

function earlierExpiry({ expires_at: end }: Key, asked: string): string | null {
  const expiresAt = readExpiry(asked);
  if (end === null || expiresAt === null || Date.parse(expiresAt) <= Date.parse(end)) return expiresAt;
  const message = `is after ${end}, when the key ends now`;
  const errors = [{ pointer: "/expires_at", code: "later", message, fix: "Make another key." }];
  throw problem("invalid_request", "A key can end earlier than it was made for, not later.", { errors });
}

async function append(tx: Queryable, { principal, req }: By, action: string, key: Key): Promise<void> {
  await appendOutbox(tx, {
    developerId: principal.developerId,
    actor: principal.actor,
    requestId: requestId(req),
    action,
    target: { type: "key", id: key.id },
    payload: key,
    state: { topic: topics.keys, key: key.id },
  });
}
