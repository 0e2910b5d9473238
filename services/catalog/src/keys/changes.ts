// Changes of a key. Each is one transaction: it writes the row of the key, those of the keys below it, their
// audit events, and the state for telemetry.
import { etagOf, type Problem, problem, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Key, KeyChange, KeyKind } from "@mosis/types/keys";
import type { Call } from "../access/call.ts";
import { credentialsInvalid } from "../access/authenticate.ts";
import { notify } from "../developers/mail-queue.ts";
import { authorOf, keyDeleted, record } from "../changes/outbox/record.ts";
import type { Principal } from "../access/principal.ts";
import { readExpiry } from "../shared/expiry.ts";
import { stateConflict } from "../shared/refusal.ts";
import { requireRecent } from "../access/recent-sign-in.ts";
import { keyEvent } from "./events.ts";
import { grantedCidrs, grantedEventsPerSecond, grantedPermissions, requireMakeable } from "./grant.ts";
import { cutTo, exceeds, isDisabledByItself, rateOf, requireWithinMaker } from "./made.ts";
import {
  deleteWithMade,
  findKey,
  hasMade,
  listMade,
  lockKeysOf,
  updateAdopted,
  updateDisabled,
} from "./made-queries.ts";
import {
  findOwnKey,
  insertKey,
  type KeyValues,
  lockOwnKey,
  type NewKeyRow,
  releaseKey,
  updateKey,
  updateSecret,
} from "./queries.ts";

export async function createKey(tx: Queryable, call: Call, row: Omit<NewKeyRow, "maker">): Promise<Key> {
  const { principal } = call;
  await requireRecentFor(tx, call, row);
  await lockKeysOf(tx, principal.developerId);
  const maker = await findActing(tx, principal);
  const { id } = await insertKey(tx, {
    ...row,
    maker: { keyId: maker?.id ?? null, sessionId: maker ? null : principal.actor.id },
  });
  const created = await findOwnKey(tx, principal, id);
  if (!created) throw new Error("The maker of a new key cannot see it.");
  // The permissions of the calling key may have been reduced after the request was admitted.
  if (maker && exceeds(created, maker)) throw beyondItself();
  await notifyIssued(tx, call, created);
  await record(tx, authorOf(call), keyEvent("key.created", created));
  return created;
}

export async function changeKey(tx: Queryable, call: Call, id: string, change: KeyChange): Promise<Key> {
  const key = await lockKey(tx, call, id);
  requireMatch(call.ifMatch, tagOf(key));
  const maker = key.created_by_key_id === null ? null : await findKey(tx, key.created_by_key_id);
  await updateKey(tx, id, valuesAfter(call.principal, key, change));
  const others = await updateDisabled(tx, id);
  const after = await readKey(tx, id);
  if (change.disabled === false && after.disabled) throw disabledWithMaker();
  // Nothing has changed, so there is nothing to record.
  if (tagOf(after) === tagOf(key)) return key;
  if (mayDoMore(key, after)) {
    requireMakeable(call.principal, after);
    if (maker) requireWithinMaker(after, maker);
    await requireRecentFor(tx, call, after);
    await notifyIssued(tx, call, after);
  }
  const below = new Set([...others.map((other) => other.id), ...(await cutMade(tx, after))]);
  below.delete(id);
  const events = [keyEvent("key.changed", after)];
  for (const other of below) events.push(keyEvent("key.changed", await readKey(tx, other)));
  await record(tx, authorOf(call), ...events);
  return after;
}

/** Reduces the keys below a key to what it may do itself. Returns the ids of those that have changed. */
async function cutMade(tx: Queryable, key: Key): Promise<string[]> {
  const now = new Map([[key.id, key]]);
  const cut: string[] = [];
  // A key comes after the one that made it, which was reduced before.
  for (const made of await listMade(tx, key.id)) {
    const maker = now.get(made.created_by_key_id ?? "");
    if (!maker) throw new Error("A key came before the one that made it.");
    now.set(made.id, made);
    if (!exceeds(made, maker)) continue;
    await updateKey(tx, made.id, cutTo(made, maker));
    const others = await updateDisabled(tx, made.id);
    now.set(made.id, await readKey(tx, made.id));
    cut.push(made.id, ...others.map(({ id }) => id));
  }
  return cut;
}

export interface Rotation {
  hash: string;
  prefix: string;
  graceSeconds: number;
}

export async function rotateKey(tx: Queryable, call: Call, id: string, rotation: Rotation): Promise<Key> {
  const key = await lockKey(tx, call, id);
  requireMatch(call.ifMatch, tagOf(key));
  // The caller receives the new secret, so it must be able to make such a key.
  requireMakeable(call.principal, key);
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) {
    const fix = "Create another key.";
    throw stateConflict("The key", { code: "key_ended", message: "has ended", fix });
  }
  // A leaked secret must not work on for the grace. The secret of an ingest key is public by its nature.
  const isStolen = key.leaked_at !== null && key.kind === "management";
  const graceSeconds = isStolen ? 0 : rotation.graceSeconds;
  await requireRecentFor(tx, call, key);
  const rotated = await updateSecret(tx, id, { ...rotation, graceSeconds });
  await notifyIssued(tx, call, rotated);
  await record(tx, authorOf(call), keyEvent("key.rotated", rotated));
  return rotated;
}

/** Ends the quarantine of a key, for its owner who has signed in. Does nothing when it is in none. */
export async function confirmKey(tx: Queryable, call: Call, id: string): Promise<Key> {
  const key = await lockKey(tx, call, id);
  if (key.quarantined_at === null) return key;
  const confirmed = await releaseKey(tx, id);
  await record(tx, authorOf(call), keyEvent("key.confirmed", confirmed));
  return confirmed;
}

/** Deletes a key with all keys below it. */
export async function revokeKey(tx: Queryable, call: Call, id: string): Promise<void> {
  await lockKey(tx, call, id);
  const deleted = await deleteWithMade(tx, id);
  await record(tx, authorOf(call), ...deleted.map((key) => keyDeleted(key)));
}

/**
 * Moves a key from the key that made it to the session: it is no longer disabled and deleted with its maker.
 * A key that is disabled with its maker stays disabled.
 */
export async function adoptKey(tx: Queryable, call: Call, id: string): Promise<Key> {
  const key = await lockKey(tx, call, id);
  requireMatch(call.ifMatch, tagOf(key));
  if (key.created_by_key_id === null) return key;
  // The key then outlives the key that made it.
  await requireRecentFor(tx, call, key);
  await updateAdopted(tx, id, call.principal.actor.id);
  const adopted = await readKey(tx, id);
  await record(tx, authorOf(call), keyEvent("key.adopted", adopted));
  return adopted;
}

/** @throws Problem when a value is not possible, or this caller may not set it. */
function valuesAfter(principal: Principal, key: Key, change: KeyChange): KeyValues {
  const { name, permissions, cidrs, disabled, expires_at, telemetry_events_per_second: rate } = change;
  if (disabled === false && key.disabled && key.leaked_at !== null) {
    const fix = "Rotate it, then enable it.";
    throw stateConflict("The key", { code: "key_leaked", message: "has a leaked secret", fix });
  }
  return {
    name: name ?? key.name,
    permissions: permissions
      ? grantedPermissions(principal, { kind: key.kind, permissions })
      : key.permissions,
    cidrs: cidrs ? [...grantedCidrs(principal, cidrs)] : key.cidrs,
    disabled: disabled ?? isDisabledByItself(key),
    expires_at: expires_at === undefined ? key.expires_at : earlierExpiry(key, expires_at),
    telemetry_events_per_second:
      rate === undefined ? key.telemetry_events_per_second : grantedEventsPerSecond(principal, rate),
  };
}

function earlierExpiry({ expires_at: end }: Key, asked: string): string | null {
  const expiresAt = readExpiry(asked);
  if (end === null || expiresAt === null || Date.parse(expiresAt) <= Date.parse(end)) return expiresAt;
  const message = `is after ${end}, when the key expires now`;
  const errors = [{ pointer: "/expires_at", code: "later", message, fix: "Create another key." }];
  throw problem("invalid_request", "The expiry of a key can be moved only to an earlier time.", { errors });
}

/** Returns true when a change allows the holder of the secret to do more than before. */
function mayDoMore(before: Key, after: Key): boolean {
  if (after.disabled) return false;
  return (
    before.disabled ||
    String(after.cidrs) !== String(before.cidrs) ||
    after.permissions.some((permission) => !before.permissions.includes(permission)) ||
    rateOf(after) > rateOf(before)
  );
}

/** Returns the ETag of a key, which stays the same when only the time of its last use changes. */
export function tagOf(key: Key): string {
  return etagOf(JSON.stringify({ ...key, last_used_at: null }));
}

export function missing(): Problem {
  return problem("not_found", "There is no such key.");
}

/**
 * Requires a recent sign-in for management keys, because these outlive the session. An ingest key is public
 * by its nature, so a thief gains nothing by making one.
 */
async function requireRecentFor(
  tx: Queryable,
  { principal }: Call,
  { kind }: { kind: KeyKind },
): Promise<void> {
  if (kind === "management") await requireRecent(tx, principal);
}

async function notifyIssued(tx: Queryable, { principal, requestId }: Call, key: Key): Promise<void> {
  if (key.kind !== "management") return;
  const { developerId } = principal;
  await notify(tx, { developerId, kind: "key_issued", requestId, subjects: [key.key_prefix] });
}

/**
 * Locks a key, and all others of its developer, until the commit.
 * @throws Problem `not_found`; `permission_missing` when the calling key is below it.
 */
async function lockKey(tx: Queryable, { principal }: Call, id: string): Promise<Key> {
  await lockKeysOf(tx, principal.developerId);
  const acting = await findActing(tx, principal);
  const key = await lockOwnKey(tx, principal, id);
  if (!key) throw missing();
  if (acting && (await hasMade(tx, id, acting.id))) {
    throw problem("permission_missing", "A key cannot manage the key that made it.");
  }
  return key;
}

/**
 * Returns the calling key as it is in the transaction; null for a session.
 * @throws Problem `credentials_invalid` when it was deleted or disabled, or has expired, after the request
 * was admitted.
 */
async function findActing(tx: Queryable, { actor }: Principal): Promise<Key | null> {
  if (actor.kind !== "key") return null;
  const found = await findKey(tx, actor.id);
  if (!found || found.disabled || found.is_ended) throw credentialsInvalid();
  const { is_ended: _, ...key } = found;
  return key;
}

async function readKey(tx: Queryable, id: string): Promise<Key> {
  const found = await findKey(tx, id);
  if (!found) throw new Error("A locked key is gone.");
  const { is_ended: _, ...key } = found;
  return key;
}

function beyondItself(): Problem {
  return problem("permission_missing", "The calling key may now do less than the key that it would create.");
}

function disabledWithMaker(): Problem {
  return stateConflict("The key", {
    code: "maker_disabled",
    message: "is disabled with the key that made it",
    fix: "Enable the key that made it, or sign in and adopt this one with :adopt.",
  });
}
