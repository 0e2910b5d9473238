import { problem } from "@mosis/http";
import { type KeyKind, type NewKey, type Permission, permissions } from "@mosis/types/keys";
import { readExpiry } from "../expiry.ts";
import { holds, type Principal } from "../principal.ts";

const grantable: Record<KeyKind, readonly Permission[]> = {
  // It ships inside apps, so whoever has the app has the key.
  ingest: ["telemetry:write"],
  management: Object.keys(permissions) as Permission[],
};

/**
 * The permissions of a new key: what was asked for, or all that its kind may hold.
 * @throws Problem `invalid_request` when its kind may not hold one, `permission_missing` when the caller does
 * not: no key can make a key that may do more than itself.
 */
export function grantedPermissions(principal: Principal, { kind, permissions: asked }: NewKey): Permission[] {
  const granted = asked ?? [...grantable[kind]];
  const errors = granted.flatMap((permission, index) =>
    grantable[kind].includes(permission)
      ? []
      : [
          {
            pointer: `/permissions/${index}`,
            code: "permission_not_of_kind",
            message: `cannot be held by an ${kind} key`,
            fix: `Leave permissions out, or ask for ${grantable[kind].join(", ")}.`,
          },
        ],
  );
  if (errors.length > 0)
    throw problem("invalid_request", "A key of this kind cannot hold these.", { errors });

  const missing = granted.filter((permission) => !holds(principal, permission));
  if (missing.length === 0) return granted;
  const names = missing.join(", ");
  throw problem("permission_missing", `The key lacks ${names} itself, so it cannot make a key that has it.`);
}

/**
 * When a new key ends, in UTC; null for never.
 * @throws Problem `invalid_request` when it cannot end then, `permission_missing` when the caller is a key
 * that ends earlier.
 */
export function grantedExpiry(principal: Principal, { expires_at }: NewKey): string | null {
  const expiresAt = readExpiry(expires_at);
  const end = principal.expiresAt;
  if (end === null || (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(end))) return expiresAt;
  throw problem("permission_missing", `The key itself ends at ${end}: ask for an expires_at up to then.`);
}

/**
 * How many events a second a new key may send; null for no limit but the app's.
 * @throws Problem `permission_missing` when the caller is a key that may send fewer.
 */
export function grantedEventsPerSecond(
  { telemetryEventsPerSecond: max }: Principal,
  { telemetry_events_per_second: asked }: NewKey,
): number | null {
  if (max === null || (asked !== undefined && asked <= max)) return asked ?? null;
  const detail = `The key itself may send ${max} events a second, so it cannot make one that may send more.`;
  throw problem("permission_missing", detail);
}

/**
 * @throws Problem `permission_missing` when a key for every app is
 * asked for by one that serves listed apps alone.
 */
export function requireWithinApps(principal: Principal, { package_ids }: NewKey): void {
  if (principal.appIds === null || package_ids !== undefined) return;
  throw problem("permission_missing", "The key serves listed apps alone: name some of them in package_ids.");
}
