import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Logger } from "@mosis/runtime";
import { AppState } from "@mosis/types/apps";
import { keyKindOf } from "@mosis/types/key-format";
import { KeyState } from "@mosis/types/keys";
import { type Topic, topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";

/** A key that may write telemetry now. */
export interface Grant {
  keyId: string;
  developerId: string;
  /** Null: every app of the developer. */
  appIds: readonly string[] | null;
}

export type AccessRefusal = "credentials_missing" | "credentials_invalid" | "permission_missing";
export type AppRefusal = "app_required" | "not_found";

/**
 * Every key and app of the platform, in memory, built from the compacted topics. What a record changes
 * holds for the next request.
 */
export interface AccessTable {
  /** One record of `catalog.keys` or `catalog.apps`. A record that is not in its form is logged and passed over. */
  apply(topic: Topic, id: string, value: Buffer | null): void;
  /** @param header the Authorization header as it came. */
  authenticate(header: string | undefined, nowMs: number): Grant | AccessRefusal;
  /** The app id a batch is for. What is not the developer's answers like what does not exist. */
  appOf(grant: Grant, packageId: string | undefined): { appId: string } | AppRefusal;
  sizes(): { keys: number; apps: number; cachedHeaders: number };
}

interface KeyEntry extends Grant {
  keyHash: string;
  mayWrite: boolean;
  expiresAtMs: number;
  /** Set when the key is deleted: cached headers still lead here. */
  revoked: boolean;
}

/** Headers whose key is known, so that SHA-256 is not paid at every request (2 µs of the 35 a request may cost). */
const cachedHeadersMax = 20_000;

const checkKey = Compile(KeyState);
const checkApp = Compile(AppState);

export function createAccessTable({ log }: { log: Logger }): AccessTable {
  const keysById = new Map<string, KeyEntry>();
  const keysByHash = new Map<string, KeyEntry>();
  const appsById = new Map<string, AppState>();
  const appsByPackage = new Map<string, AppState>();
  const cache = new Map<string, KeyEntry>();

  const applyKey = (id: string, state: KeyState | null) => {
    const known = keysById.get(id);
    if (known) {
      known.revoked = true;
      keysById.delete(id);
      // Only its own entry: another key never has this hash, but a repeated record must not remove a newer one.
      if (keysByHash.get(known.keyHash) === known) keysByHash.delete(known.keyHash);
    }
    if (!state) return;
    const entry = toEntry(state);
    keysById.set(id, entry);
    keysByHash.set(entry.keyHash, entry);
  };
  const applyApp = (id: string, state: AppState | null) => {
    const known = appsById.get(id);
    if (known && appsByPackage.get(known.package_id) === known) appsByPackage.delete(known.package_id);
    appsById.delete(id);
    if (!state) return;
    appsById.set(id, state);
    appsByPackage.set(state.package_id, state);
  };
  const keyOf = (header: string): KeyEntry | undefined => {
    const cached = cache.get(header);
    if (cached && !cached.revoked) return cached;
    if (cached) cache.delete(header);
    const secret = /^bearer +(\S+) *$/i.exec(header)?.[1];
    if (secret === undefined || !keyKindOf(secret, crc32)) return undefined;
    const entry = keysByHash.get(createHash("sha256").update(secret).digest("hex"));
    if (!entry) return undefined;
    if (cache.size >= cachedHeadersMax) cache.clear();
    cache.set(header, entry);
    return entry;
  };

  return {
    apply(topic, id, value) {
      if (topic === topics.keys) applyKey(id, value && parsed(value, checkKey, { log, topic, id }));
      else if (topic === topics.apps) applyApp(id, value && parsed(value, checkApp, { log, topic, id }));
    },
    authenticate(header, nowMs) {
      if (header === undefined) return "credentials_missing";
      const key = keyOf(header);
      if (!key || !(nowMs < key.expiresAtMs)) return "credentials_invalid";
      return key.mayWrite ? key : "permission_missing";
    },
    appOf(grant, packageId) {
      const only = grant.appIds?.length === 1 ? appsById.get(grant.appIds[0] ?? "") : undefined;
      if (packageId === undefined && grant.appIds?.length !== 1) return "app_required";
      const app = packageId === undefined ? only : appsByPackage.get(packageId);
      if (!app || app.developer_id !== grant.developerId) return "not_found";
      return grant.appIds && !grant.appIds.includes(app.app_id) ? "not_found" : { appId: app.app_id };
    },
    sizes: () => ({ keys: keysById.size, apps: appsById.size, cachedHeaders: cache.size }),
  };
}

function toEntry(state: KeyState): KeyEntry {
  return {
    keyId: state.key_id,
    keyHash: state.key_hash,
    developerId: state.developer_id,
    appIds: state.app_ids,
    mayWrite: state.permissions.includes("telemetry:write"),
    expiresAtMs: state.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(state.expires_at),
    revoked: false,
  };
}

/**
 * The state a record holds. One that cannot be read takes the key or app away: an unknown state must
 * not go on as the last known one, which may have been revoked.
 */
function parsed<T>(
  value: Buffer,
  schema: { Check(value: unknown): value is T },
  { log, topic, id }: { log: Logger; topic: Topic; id: string },
): T | null {
  try {
    const state: unknown = JSON.parse(value.toString());
    if (schema.Check(state)) return state;
    log.error({ topic, id }, `A record of ${topic} is not in its form`);
  } catch (error) {
    log.error({ err: error, topic, id }, `A record of ${topic} is not JSON`);
  }
  return null;
}
