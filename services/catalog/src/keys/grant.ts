import { problem } from "@mosis/http";
import { isAddressRange, isWithinRanges, plainRange } from "@mosis/runtime";
import { type Key, type KeyKind, type NewKey, type Permission, permissions } from "@mosis/types/keys";
import { readExpiry } from "../shared/expiry.ts";
import { holds, type Principal } from "../access/principal.ts";

/** The permissions that a key of each kind may hold. */
export const grantable: Record<KeyKind, readonly Permission[]> = {
  // An ingest key ships inside apps, so everybody who has the app has the key.
  ingest: ["telemetry:write"],
  management: Object.keys(permissions) as Permission[],
};

/**
 * Returns the permissions of a new key: those in the request, or all that its kind may hold.
 * @throws Problem `invalid_request` when its kind may not hold one, `permission_missing` when the caller does
 * not hold one itself: no key can make a key that may do more.
 */
export function grantedPermissions(
  principal: Principal,
  { kind, permissions: asked }: Pick<NewKey, "kind" | "permissions">,
): Permission[] {
  const granted = asked ?? [...grantable[kind]];
  const errors = granted.flatMap((permission, index) =>
    grantable[kind].includes(permission)
      ? []
      : [
          {
            pointer: `/permissions/${index}`,
            code: "permission_not_of_kind",
            message: `cannot be held by an ${kind} key`,
            fix: `Omit permissions, or send only ${grantable[kind].join(", ")}.`,
          },
        ],
  );
  if (errors.length > 0)
    throw problem("invalid_request", "A key of this kind cannot hold these permissions.", { errors });

  requireHeld(principal, granted);
  return granted;
}

function requireHeld(principal: Principal, granted: readonly Permission[]): void {
  const missing = granted.filter((permission) => !holds(principal, permission));
  if (missing.length === 0) return;
  const names = missing.join(", ");
  throw problem("permission_missing", `The key does not have ${names} itself, so it cannot grant it.`);
}

/**
 * Returns the time at which a new key expires, in UTC; null when it never expires.
 * @throws Problem `invalid_request` when the time is not possible, `permission_missing` when the caller is a
 * key that expires earlier.
 */
export function grantedExpiry(principal: Principal, { expires_at }: NewKey): string | null {
  const expiresAt = readExpiry(expires_at);
  requireNotOutlived(principal, expiresAt);
  return expiresAt;
}

function requireNotOutlived({ expiresAt: end }: Principal, expiresAt: string | null): void {
  if (end === null || (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(end))) return;
  throw problem("permission_missing", `The key itself expires at ${end}: send an expires_at up to then.`);
}

/**
 * Returns the number of events a second that a new key may send; null for no limit but the app's.
 * @throws Problem `permission_missing` when the caller is a key that may send fewer.
 */
export function grantedEventsPerSecond(
  { telemetryEventsPerSecond: max }: Principal,
  asked: number | null,
): number | null {
  if (max === null || (asked !== null && asked <= max)) return asked;
  const detail = `The key itself may send ${max} events a second, so it cannot allow another key more.`;
  throw problem("permission_missing", detail);
}

/**
 * @throws Problem `permission_missing` when a key that serves only listed apps asks for a key for every app.
 */
export function requireWithinApps(principal: Principal, { package_ids }: NewKey): void {
  if (principal.appIds === null || package_ids !== undefined) return;
  throw problem("permission_missing", "The key serves only listed apps: name some of them in package_ids.");
}

/**
 * Returns the address ranges from which a new or changed key works; an empty list allows all addresses.
 * @throws Problem `invalid_request` for a text that is no range, `permission_missing` when the caller is a
 * key that does not work from there itself.
 */
export function grantedCidrs(principal: Principal, asked: readonly string[]): readonly string[] {
  const errors = asked.flatMap((cidr, index) =>
    isAddressRange(cidr)
      ? []
      : [
          {
            pointer: `/cidrs/${index}`,
            code: "cidr_invalid",
            message: "is not a range of addresses",
            fix:
              "Write it like 192.0.2.0/24 or 2001:db8::/32, or as a single address. " +
              "IPv4 after ::ffff: needs a length of 96 or more.",
          },
        ],
  );
  if (errors.length > 0)
    throw problem("invalid_request", "Some of the cidrs are not ranges of addresses.", { errors });
  requireFromWithin(principal, asked);
  return asked.map(plainRange);
}

function requireFromWithin({ cidrs: own }: Principal, asked: readonly string[]): void {
  if (own.length === 0) return;
  if (asked.length > 0 && asked.every((cidr) => isWithinRanges(cidr, own))) return;
  const detail = `The key itself works only from ${own.join(", ")}: send cidrs within these.`;
  throw problem("permission_missing", detail);
}

/**
 * Requires that the caller may make a key like this one, before it receives the key's secret or allows the
 * key more. (The caller does not see keys of apps that it does not serve.)
 * @throws Problem `permission_missing`.
 */
export function requireMakeable(principal: Principal, key: Key): void {
  requireHeld(principal, key.permissions as Permission[]);
  requireNotOutlived(principal, key.expires_at);
  grantedEventsPerSecond(principal, key.telemetry_events_per_second);
  requireFromWithin(principal, key.cidrs);
}
