import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Logger } from "@mosis/runtime";
import { AppState } from "@mosis/types/apps";
import { keyKindOf } from "@mosis/types/key-format";
import { type KeyKind, KeyState, type Permission } from "@mosis/types/keys";
import { telemetryLimitDefaults } from "@mosis/types/telemetry-limits";
import { type Topic, topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";
import { KeyArrivals } from "./key-arrivals.ts";
import { readState } from "./state-record.ts";

/** A key that works now. */
export interface Grant {
  keyId: string;
  developerId: string;
  /** An ingest key ships inside apps: whoever has the app has the key. */
  kind: KeyKind;
  /** Null: every app of the developer. */
  appIds: readonly string[] | null;
  /** Null: no limit but the app's. */
  eventsPerSecond: number | null;
}

/** An app, with what it may send. Another object when any of it has changed. */
export interface AppEntry {
  appId: string;
  developerId: string;
  packageId: string;
  eventsPerDay: number;
  eventsPerSecond: number;
}

export type AccessRefusal = "credentials_missing" | "credentials_invalid" | "permission_missing";
export type AppRefusal = "app_required" | "not_found";

interface KeyEntry extends Grant {
  keyHash: string;
  permissions: readonly string[];
  /** Worked out once: ingest asks it at every batch. */
  mayWrite: boolean;
  expiresAtMs: number;
  /** Set when the key is deleted: cached headers still lead here. */
  revoked: boolean;
}

/**
 * Headers whose key is known, so that SHA-256 is not paid at every request (2 µs of the 35 a request may
 * cost).
 */
const cachedHeadersMax = 20_000;

const checkKey = Compile(KeyState);
const checkApp = Compile(AppState);

/**
 * Every key and app of the platform, in memory, built from the compacted topics. What a record changes
 * holds for the next request.
 */
export class AccessTable {
  private readonly log: Logger;
  private readonly keysById = new Map<string, KeyEntry>();
  private readonly keysByHash = new Map<string, KeyEntry>();
  private readonly appsById = new Map<string, AppEntry>();
  private readonly appsByPackage = new Map<string, AppEntry>();
  private readonly keysByHeader = new Map<string, KeyEntry>();
  private readonly arrivals = new KeyArrivals({ waitMs: 1000, waitingMax: 1000 });

  constructor({ log }: { log: Logger }) {
    this.log = log;
  }

  /**
   * One record of `catalog.keys` or `catalog.apps`; a value that is not in its form takes the key or app
   * away.
   */
  apply(topic: Topic, id: string, value: Buffer | null): void {
    const where = { log: this.log, topic, id };
    if (topic === topics.keys) this.applyKey(id, value && readState(value, checkKey, where));
    else if (topic === topics.apps) this.applyApp(id, value && readState(value, checkApp, where));
  }

  /**
   * Who may send telemetry with this.
   * @param header the Authorization header as it came.
   */
  authenticateWriter(header: string | undefined, nowMs: number): Grant | AccessRefusal {
    const key = this.workingKey(header, nowMs);
    return typeof key === "string" || key.mayWrite ? key : "permission_missing";
  }

  /** @param needs any one of them is enough. */
  authenticate(
    header: string | undefined,
    nowMs: number,
    needs: readonly Permission[],
  ): Grant | AccessRefusal {
    const key = this.workingKey(header, nowMs);
    if (typeof key === "string") return key;
    return needs.some((need) => key.permissions.includes(need)) ? key : "permission_missing";
  }

  /**
   * For a header that is not valid: resolves when its key may have become known, within a second; null when
   * there is nothing to wait for. A new key works at once, although its record takes a moment to get here.
   */
  arrival(header: string | undefined): Promise<void> | null {
    const hash = hashOf(header ?? "");
    return hash === undefined || this.keysByHash.has(hash) ? null : this.arrivals.of(hash);
  }

  /** The app a batch is for. What is not the developer's answers like what does not exist. */
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
    if (known) {
      known.revoked = true;
      keysById.delete(id);
      keysByHash.delete(known.keyHash);
      this.arrivals.gone(known.keyHash);
    }
    if (!state) return;
    const entry = toKeyEntry(state);
    keysById.set(id, entry);
    keysByHash.set(entry.keyHash, entry);
    this.arrivals.arrived(entry.keyHash);
  }

  private applyApp(id: string, state: AppState | null): void {
    const known = this.appsById.get(id);
    if (known) this.appsByPackage.delete(known.packageId);
    this.appsById.delete(id);
    if (!state) return;
    const entry = toAppEntry(state);
    this.appsById.set(id, entry);
    this.appsByPackage.set(entry.packageId, entry);
  }

  private workingKey(header: string | undefined, nowMs: number) {
    if (header === undefined) return "credentials_missing";
    const key = this.keyOf(header);
    return key && nowMs < key.expiresAtMs ? key : "credentials_invalid";
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

/** Of the key in the header; undefined when there is none, or a typo in it: its checksum tells. */
function hashOf(header: string): string | undefined {
  const secret = /^bearer +(\S+) *$/i.exec(header)?.[1];
  if (secret === undefined || !keyKindOf(secret, crc32)) return undefined;
  return createHash("sha256").update(secret).digest("hex");
}

function toKeyEntry(state: KeyState): KeyEntry {
  return {
    keyId: state.key_id,
    keyHash: state.key_hash,
    developerId: state.developer_id,
    kind: state.kind,
    appIds: state.app_ids,
    permissions: state.permissions,
    mayWrite: state.permissions.includes("telemetry:write"),
    eventsPerSecond: state.telemetry_events_per_second ?? null,
    expiresAtMs: state.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(state.expires_at),
    revoked: false,
  };
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
