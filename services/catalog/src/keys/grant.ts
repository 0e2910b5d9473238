import { type Problem, problem } from "@mosis/http";
import { type KeyKind, type NewKey, type Permission, permissions } from "@mosis/types/keys";
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

/** RFC 3339 has no year 10000, so such a time could be neither stored as text nor answered. */
const latest = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * When a new key ends, in UTC; null for never.
 * @throws Problem `invalid_request` when the time is over already, or cannot be written in UTC;
 * `permission_missing` when the caller is a key that ends earlier.
 */
export function grantedExpiry(principal: Principal, { expires_at }: NewKey): string | null {
  const asked = expires_at === undefined ? Infinity : Date.parse(expires_at);
  if (asked <= Date.now()) throw wrongExpiry("past", "is not in the future");
  if (expires_at !== undefined && asked > latest) throw wrongExpiry("too_late", "is after the year 9999");
  if (principal.expiresAt !== null && asked > Date.parse(principal.expiresAt)) {
    const end = principal.expiresAt;
    throw problem("permission_missing", `The key itself ends at ${end}: ask for an expires_at up to then.`);
  }
  return expires_at === undefined ? null : new Date(asked).toISOString();
}

function wrongExpiry(code: string, message: string): Problem {
  return problem("invalid_request", "A key cannot end then; leave expires_at out for a key without an end.", {
    errors: [{ pointer: "/expires_at", code, message }],
  });
}

/**
 * @throws Problem `permission_missing` when a key for every app is
 * asked for by one that serves listed apps alone.
 */
export function requireWithinApps(principal: Principal, { package_ids }: NewKey): void {
  if (principal.appIds === null || package_ids !== undefined) return;
  throw problem("permission_missing", "The key serves listed apps alone: name some of them in package_ids.");
}
