import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import type { ClientAddress } from "@mosis/http";
import { addressRanges, type AddressRanges, type Logger } from "@mosis/runtime";
import { AppState } from "@mosis/types/apps";
import { keyKindOf } from "@mosis/types/key-format";
import { type KeyKind, KeyState, type Permission } from "@mosis/types/keys";
import { telemetryLimitDefaults } from "@mosis/types/telemetry-limits";
import { type Topic, topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";
import { EarlyKeys, KeyArrivals } from "./key-arrivals.ts";
import { KeyUses, keyUseIntervalMs } from "./key-uses.ts";
import { readState } from "./state-record.ts";

/** A key that works now. */
export interface Grant {
  keyId: string;
  developerId: string;
  /** An ingest key ships inside apps: everybody who has the app has the key. */
  kind: KeyKind;
  /** The apps that the key serves; null when it serves every app of the developer. */
  appIds: readonly string[] | null;
  /** The key's own limit; null when only the app's limit applies. */
  eventsPerSecond: number | null;
}

/** An app, with what it may send. A change makes a new object. */
export interface AppEntry {
  appId: string;
  developerId: string;
  packageId: string;
  eventsPerDay: number;
  eventsPerSecond: number;
}

export type AccessRefusal =
  | "credentials_missing"
  | "credentials_invalid"
  | "key_quarantined"
  | "address_not_allowed"
  | "permission_missing";
export type AppRefusal = "app_required" | "not_found";

/** One secret of a key. After a rotation a key has two for a while, which differ only in hash and end. */
interface KeyEntry extends Grant {
  keyHash: string;
  permissions: readonly string[];
  /** Computed once, because ingest asks for it at every batch. */
  mayWrite: boolean;
  /** The addresses from which it works; null for every address, which makes the check one comparison. */
  addresses: AddressRanges | null;
  /** The end of this secret, which may be before the key's end. A key in quarantine counts as ended. */
  endsAtMs: number;
  isQuarantined: boolean;
  /** The time when its use was last published to the catalog. */
  usePublishedAtMs: number;
  /** Set when the key is deleted or changed: cached headers still lead here. */
  revoked: boolean;
}

/**
 * The number of headers with a known key that are cached, to save SHA-256 at every request (2 µs of the 35
 * that a request may cost).
 */
const cachedHeadersMax = 20_000;

/** The time that a request waits for the record of its key, and a new key for the records of its apps. */
const arrivalMsMax = 1000;

const checkKey = Compile(KeyState);
const checkApp = Compile(AppState);

/**
 * Every key and app of the platform, in memory, built from the compacted topics. A change holds for the next
 * request.
 */
export class AccessTable {
  readonly uses = new KeyUses();
  private readonly log: Logger;
  private readonly clientAddress: ClientAddress;
  private readonly keysById = new Map<string, KeyEntry[]>();
  private readonly keysByHash = new Map<string, KeyEntry>();
  private readonly appsById = new Map<string, AppEntry>();
  private readonly appsByPackage = new Map<string, AppEntry>();
  private readonly keysByHeader = new Map<string, KeyEntry>();
  private readonly arrivals = new KeyArrivals({ waitMs: arrivalMsMax, waitingMax: 1000 });
  private readonly earlyKeys = new EarlyKeys({
    waitMs: arrivalMsMax,
    isHere: (appId) => this.appsById.has(appId),
  });
  private isComplete = false;

  constructor({ log, clientAddress }: { log: Logger; clientAddress: ClientAddress }) {
    this.log = log;
    this.clientAddress = clientAddress;
  }

  /**
   * Applies one record of `catalog.keys` or `catalog.apps`; a value that is not in its form removes the key
   * or app.
   */
  apply(topic: Topic, id: string, value: Buffer | null): void {
    const where = { log: this.log, topic, id };
    if (topic === topics.keys) this.applyKey(id, value && readState(value, checkKey, where));
    else if (topic === topics.apps) this.applyApp(id, value && readState(value, checkApp, where));
  }

  /** Forgets the records of a topic, because it is read from its beginning again. */
  clear(topic: Topic): void {
    this.isComplete = false;
    if (topic === topics.keys) for (const id of this.keysById.keys()) this.applyKey(id, null);
    else for (const id of this.appsById.keys()) this.applyApp(id, null);
  }

  /**
   * Marks the table as complete. The order of the records until now says nothing; from now on a key waits for
   * its apps.
   */
  completed(): void {
    this.isComplete = true;
  }

  /**
   * Returns the key that may send telemetry with a header, or why it may not.
   * @param header the Authorization header as it came.
   * @param req the request, for its address.
   */
  authenticateWriter(header: string | undefined, nowMs: number, req: IncomingMessage): Grant | AccessRefusal {
    const key = this.workingKey(header, nowMs, req);
    return typeof key === "string" || key.mayWrite ? key : "permission_missing";
  }

  /**
   * Returns the key of a header, or why it may not do this.
   * @param needs permissions; any one of them is enough.
   */
  authenticate(
    header: string | undefined,
    nowMs: number,
    req: IncomingMessage,
    needs: readonly Permission[],
  ): Grant | AccessRefusal {
    const key = this.workingKey(header, nowMs, req);
    if (typeof key === "string") return key;
    return needs.some((need) => key.permissions.includes(need)) ? key : "permission_missing";
  }

  /**
   * Waits for the key of a header that is not valid. The promise resolves when the key may have become known,
   * within a second; the result is null when there is nothing to wait for. A new key works immediately,
   * although its record takes a moment to arrive.
   */
  arrival(header: string | undefined): Promise<void> | null {
    const hash = hashOf(header ?? "");
    return hash === undefined || this.keysByHash.has(hash) ? null : this.arrivals.of(hash);
  }

  /**
   * Returns the app that a batch is for. An app of another developer gets the same answer as one that does
   * not exist.
   */
  appOf({ appIds, developerId }: Grant, packageId: string | undefined): AppEntry | AppRefusal {
    if (packageId === undefined && appIds?.length !== 1) return "app_required";
    const app =
      packageId === undefined ? this.appsById.get(appIds?.[0] ?? "") : this.appsByPackage.get(packageId);
    if (!app || app.developerId !== developerId) return "not_found";
    return appIds && !appIds.includes(app.appId) ? "not_found" : app;
  }

  sizes(): { keys: number; apps: number; cachedHeaders: number } {
    return { keys: this.keysById.size, apps: this.appsById.size, cachedHeaders: this.keysByHeader.size };
  }

  private applyKey(id: string, state: KeyState | null): void {
    const { keysById, keysByHash } = this;
    const known = keysById.get(id);
    keysById.delete(id);
    this.earlyKeys.forget(id);
    for (const entry of known ?? []) {
      entry.revoked = true;
      keysByHash.delete(entry.keyHash);
      this.arrivals.gone(entry.keyHash);
    }
    if (!state) return;
    const entries = toKeyEntries(state, known?.[0]?.usePublishedAtMs ?? 0);
    const add = () => this.addKey(id, entries);
    if (known || !this.isComplete) add();
    else this.earlyKeys.whenAppsAreHere(id, state.app_ids, add);
  }

  private addKey(id: string, entries: KeyEntry[]): void {
    this.keysById.set(id, entries);
    for (const entry of entries) {
      this.keysByHash.set(entry.keyHash, entry);
      this.arrivals.arrived(entry.keyHash);
    }
  }

  private applyApp(id: string, state: AppState | null): void {
    const known = this.appsById.get(id);
    if (known) this.appsByPackage.delete(known.packageId);
    this.appsById.delete(id);
    if (!state) return;
    const entry = toAppEntry(state);
    this.appsById.set(id, entry);
    this.appsByPackage.set(entry.packageId, entry);
    this.earlyKeys.appArrived();
  }

  private workingKey(header: string | undefined, nowMs: number, req: IncomingMessage) {
    if (header === undefined) return "credentials_missing";
    const key = this.keyOf(header);
    if (!key || nowMs >= key.endsAtMs) return key?.isQuarantined ? "key_quarantined" : "credentials_invalid";
    if (key.addresses !== null && !key.addresses.has(this.clientAddress(req))) return "address_not_allowed";
    if (nowMs - key.usePublishedAtMs >= keyUseIntervalMs) {
      key.usePublishedAtMs = nowMs;
      this.uses.note(key.keyId, nowMs);
    }
    return key;
  }

  private keyOf(header: string): KeyEntry | undefined {
    const { keysByHeader } = this;
    const cached = keysByHeader.get(header);
    if (cached && !cached.revoked) return cached;
    if (cached) keysByHeader.delete(header);
    const hash = hashOf(header);
    const entry = hash === undefined ? undefined : this.keysByHash.get(hash);
    if (!entry) return undefined;
    if (keysByHeader.size >= cachedHeadersMax) keysByHeader.clear();
    keysByHeader.set(header, entry);
    return entry;
  }
}

/**
 * Returns the SHA-256 of the key in the header; undefined when the key is missing or its checksum is wrong.
 */
function hashOf(header: string): string | undefined {
  const secret = /^bearer +(\S+) *$/i.exec(header)?.[1];
  if (secret === undefined || !keyKindOf(secret, crc32)) return undefined;
  return createHash("sha256").update(secret).digest("hex");
}

function toKeyEntries(state: KeyState, usePublishedAtMs: number): KeyEntry[] {
  const { key_hash, expires_at, previous_key_hash, previous_ends_at } = state;
  const { cidrs = [], quarantined: isQuarantined = false } = state;
  const current = {
    keyId: state.key_id,
    keyHash: key_hash,
    developerId: state.developer_id,
    kind: state.kind,
    appIds: state.app_ids,
    permissions: state.permissions,
    mayWrite: state.permissions.includes("telemetry:write"),
    eventsPerSecond: state.telemetry_events_per_second ?? null,
    addresses: cidrs.length === 0 ? null : addressRanges(cidrs),
    // A key that works pays nothing for the check of those that do not.
    endsAtMs: isQuarantined ? -Infinity : expires_at === null ? Infinity : Date.parse(expires_at),
    isQuarantined,
    usePublishedAtMs,
    revoked: false,
  };
  if (!previous_key_hash || !previous_ends_at) return [current];
  const endsAtMs = Math.min(current.endsAtMs, Date.parse(previous_ends_at));
  return [current, { ...current, keyHash: previous_key_hash, endsAtMs }];
}

function toAppEntry(state: AppState): AppEntry {
  const limits = { ...telemetryLimitDefaults, ...state };
  return {
    appId: state.app_id,
    developerId: state.developer_id,
    packageId: state.package_id,
    eventsPerDay: limits.telemetry_events_per_day,
    eventsPerSecond: limits.telemetry_events_per_second,
  };
}
