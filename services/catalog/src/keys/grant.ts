import { problem } from "@mosis/http";
import { isAddressRange, isWithinRanges, plainRange } from "@mosis/runtime";
import { type Key, type KeyKind, type NewKey, type Permission, permissions } from "@mosis/types/keys";
import { readExpiry } from "../shared/expiry.ts";
import { holds, type Principal } from "../access/principal.ts";

/** What a key of a kind may hold. */
export const grantable: Record<KeyKind, readonly Permission[]> = {
  // It ships inside apps, so whoever has the app has the key.
  ingest: ["telemetry:write"],
  management: Object.keys(permissions) as Permission[],
};

/**
 * The permissions of a new key: what was asked for, or all that its kind may hold.
 * @throws Problem `invalid_request` when its kind may not hold one, `permission_missing` when the caller does
 * not: no key can make a key that may do more than itself.
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
            fix: `Leave permissions out, or ask for ${grantable[kind].join(", ")}.`,
          },
        ],
  );
  if (errors.length > 0)
    throw problem("invalid_request", "A key of this kind cannot hold these.", { errors });

  requireHeld(principal, granted);
  return granted;
}

function requireHeld(principal: Principal, granted: readonly Permission[]): void {
  const missing = granted.filter((permission) => !holds(principal, permission));
  if (missing.length === 0) return;
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
  requireNotOutlived(principal, expiresAt);
  return expiresAt;
}

function requireNotOutlived({ expiresAt: end }: Principal, expiresAt: string | null): void {
  if (end === null || (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(end))) return;
  throw problem("permission_missing", `The key itself ends at ${end}: ask for an expires_at up to then.`);
}

/**
 * How many events a second a new key may send; null for no limit but the app's.
 * @throws Problem `permission_missing` when the caller is a key that may send fewer.
 */
export function grantedEventsPerSecond(
  { telemetryEventsPerSecond: max }: Principal,
  asked: number | null,
): number | null {
  if (max === null || (asked !== null && asked <= max)) return asked;
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

/**
 * From where a key works that is made or changed; none for everywhere.
 * @throws Problem `invalid_request` for what is no range, `permission_missing` when the caller is a key that
 * does not work from there itself.
 */
export function grantedCidrs(principal: Principal, asked: readonly string[]): readonly string[] {
  const errors = asked.flatMap((cidr, index) =>
    isAddressRange(cidr)
      ? []
      : [
          {
            pointer: `/cidrs/${index}`,
            code: "cidr_invalid",
            message: "is no range of addresses",
            fix:
              "Write it like 192.0.2.0/24 or 2001:db8::/32, or as a single address. " +
              "IPv4 behind ::ffff: needs a length of 96 or more.",
          },
        ],
  );
  if (errors.length > 0) throw problem("invalid_request", "Some of the ranges are none.", { errors });
  requireFromWithin(principal, asked);
  return asked.map(plainRange);
}

function requireFromWithin({ cidrs: own }: Principal, asked: readonly string[]): void {
  if (own.length === 0) return;
  if (asked.length > 0 && asked.every((cidr) => isWithinRanges(cidr, own))) return;
  const detail = `The key itself works from ${own.join(", ")} alone: ask for cidrs within these.`;
  throw problem("permission_missing", detail);
}

/**
 * For what would put a key that is there into the hands of a caller, or open it further: the caller must be
 * able to make such a key. (It sees none of apps that it does not serve.)
 * @throws Problem `permission_missing`.
 */
export function requireMakeable(principal: Principal, key: Key): void {
  requireHeld(principal, key.permissions as Permission[]);
  requireNotOutlived(principal, key.expires_at);
  grantedEventsPerSecond(principal, key.telemetry_events_per_second);
  requireFromWithin(principal, key.cidrs);
}
