import { problem } from "@mosis/http";
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

/** @throws Problem `invalid_request` when the time is over already. */
export function futureExpiry({ expires_at }: NewKey): string | null {
  if (expires_at === undefined) return null;
  if (Date.parse(expires_at) > Date.now()) return new Date(expires_at).toISOString();
  throw problem("invalid_request", "A key cannot have expired before it was made.", {
    errors: [{ pointer: "/expires_at", code: "past", message: "is not in the future" }],
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
