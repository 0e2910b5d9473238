import { crc32 } from "node:zlib";
import type { Pool } from "@mosis/postgres";
import { addressRanges, type AddressRanges } from "@mosis/runtime";
import { keyKindOf } from "@mosis/types/key-format";
import type { KeyKind } from "@mosis/types/keys";
import type { Principal } from "./principal.ts";
import { RecentLookups } from "./credential-cache.ts";
import { hashSecret } from "../shared/secret-hash.ts";
import { findKeyByHash, findSession, storedAddress, touchKey, touchSession } from "./queries.ts";
import { isSessionToken } from "./session-token.ts";

/** A session or key that works now. */
export interface Credential {
  developerId: string;
  principal: Principal;
  kind: KeyKind | "session";
  /** The addresses from which it works; null for every address. */
  addresses: AddressRanges | null;
  endsAtMs: number;
  /** True when its owner has to confirm it before it works again. Never true for a session. */
  isQuarantined: boolean;
  /** True when its key has a new secret, and this one still works for its grace. */
  isRotatedOut: boolean;
  /**
   * Records that it is in use from an address. It is separate from `find`, because a refused address does not
   * count.
   */
  touch(address: string): Promise<void>;
}

export interface Credentials {
  /** Returns null when the secret is unknown, wrong, disabled, expired or revoked. */
  find(secret: string): Promise<Credential | null>;
  /** Returns true when `find` would ask PostgreSQL: it is in a form of ours, and was not asked for lately. */
  needsLookUp(secret: string): boolean;
  /** Call this after a change of a developer's keys or sessions: it then takes effect here at once. */
  forget(developerId: string): void;
}

/**
 * The maximum time that something revoked by another process still works here; the promise is 5 s.
 * @limit a key or session, until the api looks it up again
 */
const ageMsMax = 2000;
/**
 * An entry takes about 1 kB.
 * @limit keys and sessions that the api remembers, and as many that nobody has
 */
const entriesMax = 10_000;

/**
 * Creates the look-up of credentials.
 * @param db sees the keys and sessions of everybody.
 */
export function createCredentials(db: Pool): Credentials {
  const sessions = new RecentLookups({ find: (hash) => lookUpSession(db, hash), ageMsMax, entriesMax });
  const keys = new RecentLookups({ find: (hash) => lookUpKey(db, hash), ageMsMax, entriesMax });
  return {
    needsLookUp(secret) {
      const lookups = isSessionToken(secret) ? sessions : keyKindOf(secret, crc32) === null ? null : keys;
      return lookups !== null && !lookups.has(hashSecret(secret));
    },
    async find(secret) {
      if (isSessionToken(secret)) return sessions.get(hashSecret(secret));
      // A mistyped or made-up secret costs a checksum, not a look-up.
      if (keyKindOf(secret, crc32) === null) return null;
      return keys.get(hashSecret(secret));
    },
    forget(developerId) {
      sessions.forget(developerId);
      keys.forget(developerId);
    },
  };
}

async function lookUpSession(db: Pool, hash: string): Promise<Credential | null> {
  const session = await findSession(db, hash);
  if (!session) return null;
  const developerId = session.developer_id;
  return {
    developerId,
    kind: "session",
    addresses: null,
    endsAtMs: Date.parse(session.ends_at),
    isQuarantined: false,
    isRotatedOut: false,
    touch: onceWhen(session.is_touch_due, (address) => touchSession(db, session.id, storedAddress(address))),
    principal: {
      developerId,
      appIds: null,
      actor: { kind: "session", id: session.id },
      permissions: "all",
      // A session may make keys that outlive it, because that is what keys are for.
      expiresAt: null,
      ...roleOf(session),
      telemetryEventsPerSecond: null,
      cidrs: [],
    },
  };
}

async function lookUpKey(db: Pool, hash: string): Promise<Credential | null> {
  const key = await findKeyByHash(db, hash);
  if (!key) return null;
  const developerId = key.developer_id;
  return {
    developerId,
    kind: key.kind,
    addresses: key.cidrs.length === 0 ? null : addressRanges(key.cidrs),
    endsAtMs: key.secret_ends_at === null ? Number.POSITIVE_INFINITY : Date.parse(key.secret_ends_at),
    isQuarantined: key.quarantined,
    isRotatedOut: key.is_rotated_out,
    touch: onceWhen(key.is_touch_due, () => touchKey(db, key.id)),
    principal: {
      developerId,
      appIds: key.app_ids,
      actor: { kind: "key", id: key.id },
      permissions: new Set(key.permissions),
      expiresAt: key.expires_at,
      role: "developer",
      withheldRole: null,
      telemetryEventsPerSecond: key.telemetry_events_per_second,
      cidrs: key.cidrs,
    },
  };
}

/** A role counts only in a session that was signed in with a second factor. */
function roleOf({ role, second_factor }: NonNullable<Awaited<ReturnType<typeof findSession>>>) {
  if (role === "developer" || second_factor !== null) return { role, withheldRole: null };
  return { role: "developer", withheldRole: role } as const;
}

/** Returns a function that does its work only on the first call, if it is due at all. */
function onceWhen(
  isDue: boolean,
  work: (address: string) => Promise<unknown>,
): (address: string) => Promise<void> {
  let isLeft = isDue;
  return async (address) => {
    if (!isLeft) return;
    isLeft = false;
    await work(address);
  };
}
