import { problem } from "@mosis/http";
import type { AuditActor } from "@mosis/types/audit";
import type { Role } from "@mosis/types/developers";
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
  /** Of the developer who has signed in. A key is never more than a developer, whoever has made it. */
  role: Role;
  /** A role of the developer that this session does not have, for want of a second factor; or null. */
  withheldRole: Exclude<Role, "developer"> | null;
  /** How many events a second a key may send: no key that it makes may send more. Null for no limit. */
  telemetryEventsPerSecond: number | null;
  /** From where a key works: no key that it makes works from elsewhere. None for everywhere. */
  cidrs: readonly string[];
}

/** Whose rows a principal may reach. Null: everybody's, for an admin. */
export type Reach = Owner | null;

export function reachOf(principal: Principal): Reach {
  return principal.role === "admin" ? null : principal;
}

/** For `Pool.as`: a connection that sees the rows of everybody. */
export const everyone = "*";

/** For `Pool.as`: whose rows the database lets a principal reach, whatever a statement says. */
export function tenantOf(principal: Principal): string {
  return principal.role === "admin" ? everyone : principal.developerId;
}

export function holds(principal: Principal, permission: Permission): boolean {
  return principal.permissions === "all" || principal.permissions.has(permission);
}

/** How somebody stands to an app, which decides what they may do with it. */
export interface Viewer {
  role: Role;
  isDeveloper: boolean;
}

export function viewerOf(principal: Principal, developerId: string): Viewer {
  return { role: principal.role, isDeveloper: principal.developerId === developerId };
}

/**
 * For what is of the developer, not of an app: a key that serves listed apps would reach past its own.
 * @param fix ends the sentence that says what to do.
 * @throws Problem `permission_missing` (403).
 */
export function requireEveryApp({ appIds }: Principal, fix = "use one for every app, or sign in."): void {
  if (appIds === null) return;
  throw problem("permission_missing", `The key serves listed apps alone: ${fix}`);
}
