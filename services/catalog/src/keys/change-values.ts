// What a change makes of a key.
import { problem } from "@mosis/http";
import type { Key, KeyChange } from "@mosis/types/keys";
import { readExpiry } from "../shared/expiry.ts";
import type { Principal } from "../access/principal.ts";
import { stateConflict } from "../shared/refusal.ts";
import { grantedCidrs, grantedEventsPerSecond, grantedPermissions } from "./grant.ts";
import { isDisabledByItself, rateOf } from "./made.ts";
import type { KeyValues } from "./queries.ts";

/** @throws Problem for what cannot become so, or not by this caller. */
export function valuesAfter(principal: Principal, key: Key, change: KeyChange): KeyValues {
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
    disabled: disabled ?? isDisabledByItself(key),
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

/** Whether a change has made a key worth more to whoever has its secret. */
export function mayDoMore(before: Key, after: Key): boolean {
  if (after.disabled) return false;
  return (
    before.disabled ||
    String(after.cidrs) !== String(before.cidrs) ||
    after.permissions.some((permission) => !before.permissions.includes(permission)) ||
    rateOf(after) > rateOf(before)
  );
}
