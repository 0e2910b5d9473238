import type { AuditActor } from "@mosis/types/audit";
import type { Permission } from "@mosis/types/keys";

/**
 * Whose rows a statement may see. Part of every `where`, so that what
 * is not yours is as if it were not there.
 */
export interface Owner {
  developerId: string;
  /** Null: every app of the developer. Otherwise the key serves these alone. */
  appIds: string[] | null;
}

/** Who a request speaks for, and what it may do. */
export interface Principal extends Owner {
  actor: AuditActor;
  /** A session may do everything. */
  permissions: ReadonlySet<string> | "all";
  /** When a key ends: no key that it makes may outlive it. Null for never, and for a session. */
  expiresAt: string | null;
}

export function holds(principal: Principal, permission: Permission): boolean {
  return principal.permissions === "all" || principal.permissions.has(permission);
}
