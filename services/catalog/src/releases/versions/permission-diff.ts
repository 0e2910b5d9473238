import { appPermissions } from "@mosis/types/app-permissions";
import type { ExplainedPermission, PermissionDiff } from "@mosis/types/versions";

interface Asking {
  version_code: number;
  permissions: readonly string[];
}

/**
 * Compares the permissions of two versions.
 * @param against null when there is no earlier version, so that everything is new.
 */
export function permissionDiff(version: Asking, against: Asking | null): PermissionDiff {
  const before = against?.permissions ?? [];
  const added = behind(version.permissions, before);
  return {
    version_code: version.version_code,
    against: against?.version_code ?? null,
    added,
    removed: behind(before, version.permissions),
    dangerous_added: added.filter(({ dangerous }) => dangerous).map(({ name }) => name),
  };
}

function behind(names: readonly string[], others: readonly string[]): ExplainedPermission[] {
  const known = new Set(others);
  return names
    .filter((name) => !known.has(name))
    .toSorted()
    .map(explain);
}

/** A permission that Mosis does not know may allow anything. */
function explain(name: string): ExplainedPermission {
  if (!Object.hasOwn(appPermissions, name)) return { name, allows: null, dangerous: true };
  const { allows, dangerous } = appPermissions[name as keyof typeof appPermissions];
  return { name, allows, dangerous };
}
