import type { Logger } from "@mosis/runtime";
import { shareOf } from "@mosis/types/sampling";
import type { TelemetryEvent } from "@mosis/types/telemetry";
import { type RestrictionAction, RestrictionState } from "@mosis/types/telemetry-restrictions";
import { topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";
import type { Grant } from "../../access/access-table.ts";
import { readState } from "../../access/state-record.ts";
import type { Rule, Rules } from "../events/delivery.ts";
import type { Fault } from "../events/refusal.ts";

interface Entry extends Rule {
  state: RestrictionState;
  expiresAtMs: number;
}

const checkState = Compile(RestrictionState);

/** How many pairs of app and key have cached rules: rules are computed once, not at every batch. */
const cachedRulesMax = 10_000;

/**
 * Every restriction of the platform, in memory, built from the compacted topic. A change holds for the next
 * batch.
 */
export class RestrictionTable {
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #rules = new Map<string, Rules | null>();
  /** When the next restriction ends; the cached rules hold until then. */
  #rulesUntilMs = Number.POSITIVE_INFINITY;

  constructor({ log }: { log: Logger }) {
    this.#log = log;
  }

  /** Applies one record of `catalog.restrictions`; a value that is not in its form lifts the restriction. */
  apply(id: string, value: Buffer | null): void {
    const state = value && readState(value, checkState, { log: this.#log, topic: topics.restrictions, id });
    if (state) this.#entries.set(id, toEntry(state));
    else this.#entries.delete(id);
    this.#rules.clear();
    this.#rulesUntilMs = Number.POSITIVE_INFINITY;
  }

  clear(): void {
    for (const id of this.#entries.keys()) this.apply(id, null);
  }

  size(): number {
    return this.#entries.size;
  }

  /**
   * Returns the rules for an app and a key, or null.
   * @param appId null for no particular app: restrictions of one app do not hold then.
   */
  rulesOf(appId: string | null, { keyId, developerId }: Grant, nowMs: number): Rules | null {
    if (this.#entries.size === 0) return null;
    if (nowMs >= this.#rulesUntilMs || this.#rules.size >= cachedRulesMax) this.#rules.clear();
    if (this.#rules.size === 0) this.#rulesUntilMs = this.#nextExpiryMs(nowMs);
    const pair = `${appId} ${keyId}`;
    let rules = this.#rules.get(pair);
    if (rules === undefined) {
      const entries = [...this.#entries.values()].filter(({ state, expiresAtMs }) => {
        const holds = nowMs < expiresAtMs && isOr(state.app_id, appId) && isOr(state.key_id, keyId);
        return holds && isOr(state.developer_id, developerId);
      });
      this.#rules.set(pair, (rules = resolve(entries)));
    }
    return rules;
  }

  #nextExpiryMs(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { expiresAtMs } of this.#entries.values()) {
      if (expiresAtMs > nowMs && expiresAtMs < next) next = expiresAtMs;
    }
    return next;
  }
}

function isOr(named: string | null, value: string | null): boolean {
  return named === null || named === value;
}

function toEntry(state: RestrictionState): Entry {
  return {
    state,
    action: state.action,
    rate: state.action === "sample" ? (state.rate ?? 1) : 0,
    expiresAtMs: state.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(state.expires_at),
  };
}

function resolve(entries: Entry[]): Rules | null {
  if (entries.length === 0) return null;
  let every: Rule | null = null;
  for (const entry of entries) if (entry.state.event_name === null) every = stricter(every, entry);
  const byName = new Map<string, Rule>();
  for (const entry of entries) {
    const name = entry.state.event_name;
    if (name !== null) byName.set(name, stricter(byName.get(name) ?? every, entry));
  }
  return { every, byName };
}

const strictness: Record<RestrictionAction, number> = { drop: 3, quarantine: 2, sample: 1 };

function stricter(a: Rule | null, b: Rule): Rule {
  if (a === null) return b;
  const difference = strictness[a.action] - strictness[b.action];
  return difference > 0 || (difference === 0 && a.rate <= b.rate) ? a : b;
}

// Made once: a restriction may hold for every event.
const restricted: Fault = { code: "restricted", pointer: "" };
const sampledOut: Fault = { code: "sampled_out", pointer: "" };
const quarantined: Fault = { code: "quarantined", pointer: "" };

/**
 * Returns why an event without a fault of its own is not stored, or null when it is.
 * @param installId of the batch: an event without a session is sampled by it.
 */
export function restrictionOf(
  { every, byName }: Rules,
  event: TelemetryEvent,
  installId: string | undefined,
): Fault | null {
  const rule = byName.get(event.name) ?? every;
  if (rule === null) return null;
  if (rule.action === "drop") return restricted;
  if (rule.action === "quarantine") return quarantined;
  return shareOf(event.session_id ?? installId ?? event.event_id) < rule.rate ? null : sampledOut;
}
