// A key that was made by another key may never do more than its maker.
import { isWithinRanges } from "@mosis/runtime";
import type { Key } from "@mosis/types/keys";
import { stateConflict } from "../shared/refusal.ts";
import type { KeyValues } from "./queries.ts";

/** @throws Problem `state_conflict` when a key may do more than the key that made it. */
export function requireWithinMaker(key: Key, maker: Key): void {
  if (!exceeds(key, maker)) return;
  throw stateConflict("The key", {
    code: "beyond_maker",
    message: "would be able to do more than the key that made it",
    fix: "Sign in and adopt it first, with :adopt, or send lower values.",
  });
}

/** Returns true when a key may do anything that its maker may not. */
export function exceeds(key: Key, maker: Key): boolean {
  return (
    key.permissions.some((permission) => !maker.permissions.includes(permission)) ||
    (maker.package_ids !== null &&
      (key.package_ids === null || key.package_ids.some((id) => !maker.package_ids?.includes(id)))) ||
    (maker.cidrs.length > 0 &&
      (key.cidrs.length === 0 || key.cidrs.some((range) => !isWithinRanges(range, maker.cidrs)))) ||
    endOf(key) > endOf(maker) ||
    rateOf(key) > rateOf(maker)
  );
}

/**
 * Returns the values of a key after its maker was changed. When they have no permission or no address in
 * common, the key keeps these values but is disabled, and cannot be enabled while it exceeds its maker.
 */
export function cutTo(key: Key, maker: Key): KeyValues {
  const permissions = key.permissions.filter((permission) => maker.permissions.includes(permission));
  const cidrs = commonRanges(key.cidrs, maker.cidrs);
  const isNothing = permissions.length === 0 || cidrs === null;
  return {
    name: key.name,
    permissions: permissions.length === 0 ? key.permissions : permissions,
    cidrs: cidrs ?? key.cidrs,
    disabled: isDisabledByItself(key) || isNothing,
    expires_at: endOf(key) > endOf(maker) ? maker.expires_at : key.expires_at,
    telemetry_events_per_second:
      rateOf(key) > rateOf(maker) ? maker.telemetry_events_per_second : key.telemetry_events_per_second,
  };
}

export function isDisabledByItself({ disabled, disabled_by_key_id }: Key): boolean {
  return disabled && disabled_by_key_id === null;
}

/** The expiry in milliseconds since 1970; Infinity for a key that never expires. */
function endOf({ expires_at }: Key): number {
  return expires_at === null ? Infinity : Date.parse(expires_at);
}

export function rateOf(key: Key): number {
  return key.telemetry_events_per_second ?? Infinity;
}

/** Returns the addresses that are in both lists, or null for none. An empty list stands for every address. */
function commonRanges(ranges: string[], others: string[]): string[] | null {
  if (others.length === 0) return ranges;
  if (ranges.length === 0) return others;
  // Two ranges either have nothing in common, or one is within the other.
  const common = [
    ...ranges.filter((range) => isWithinRanges(range, others)),
    ...others.filter((other) => isWithinRanges(other, ranges)),
  ];
  return common.length === 0 ? null : [...new Set(common)];
}
