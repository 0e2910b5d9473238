import { type Problem, problem } from "@mosis/http";
import type { Permission } from "@mosis/types/keys";

/**
 * The permission that reads what the events of a resource show. The events of a resource that is not listed
 * are shown only by the audit trail.
 */
const readers: ReadonlyMap<string, Permission> = new Map([
  ["app", "apps:read"],
  ["developer", "account:read"],
  ["key", "keys:read"],
  ["retention", "apps:read"],
  ["review", "versions:read"],
  ["signing_key", "signing-keys:read"],
  ["telemetry_erasure", "telemetry:erase"],
  ["telemetry_limits", "apps:read"],
  ["telemetry_restriction", "apps:read"],
  ["version", "versions:read"],
  ["webhook", "webhooks:read"],
]);

/** The audit trail has every event, whatever its resource. */
export const readsEveryEvent: Permission = "audit:read";

/** `readers` as two lists, for a statement that joins them. */
export const readersByResource = {
  resources: [...readers.keys()],
  permissions: [...readers.values()],
};

/** A ping is not caused by a change, and it shows nothing. */
export const pingType = "webhook.ping";

/**
 * Returns true when these permissions read events of a type, `app.created` or `app.*`. For `*`, they must
 * read every event.
 * @param permissions null for a signed-in caller, who may read everything.
 */
export function mayHear(permissions: readonly string[] | null, type: string): boolean {
  if (permissions === null || type === "*" || type === pingType) return true;
  const reader = readerOf(type);
  return permissions.some((permission) => permission === readsEveryEvent || permission === reader);
}

/**
 * Requires permissions for the events of a webhook.
 * @throws Problem `permission_missing` (403) when a webhook would hear what the caller may not read.
 */
export function requireHearing(permissions: readonly string[] | null, types: readonly string[]): void {
  const beyond = types.filter((type) => !mayHear(permissions, type));
  if (beyond.length > 0) throw beyondReading(beyond);
}

function beyondReading(types: readonly string[]): Problem {
  const named = types.map((type) => `${type} (${readerOf(type) ?? readsEveryEvent})`).join(", ");
  return problem(
    "permission_missing",
    `The key cannot read events of ${named}: leave them out, use a key with that permission or ` +
      `${readsEveryEvent}, or sign in.`,
  );
}

function readerOf(type: string): Permission | undefined {
  return readers.get(type.slice(0, type.indexOf(".")));
}
