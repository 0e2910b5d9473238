import { problem } from "@mosis/http";
import type { AuditActor } from "@mosis/types/audit";
import type { Role } from "@mosis/types/developers";
import type { Permission } from "@mosis/types/keys";

/**
 * The rows that a statement may see. It is part of every `where`, so that somebody else's row looks like a
 * missing row.
 */
export interface Owner {
  developerId: string;
  /** The only apps that the key serves; null for every app of the developer. */
  appIds: string[] | null;
}

/** The account that a request speaks for, and its permissions. */
export interface Principal extends Owner {
  actor: AuditActor;
  /** A session may do everything. */
  permissions: ReadonlySet<string> | "all";
  /** The end of a key: no key that it makes may outlive it. Null for never, and for a session. */
  expiresAt: string | null;
  /** The role of the signed-in developer. A key always has the role of a developer, whoever has made it. */
  role: Role;
  /** The developer's role that this session does not have, because it lacks a second factor; or null. */
  withheldRole: Exclude<Role, "developer"> | null;
  /**
   * The number of events a second that a key may send: no key that it makes may send more. Null for no limit.
   */
  telemetryEventsPerSecond: number | null;
  /**
   * The addresses that a key works from: no key that it makes works from elsewhere. An empty list means
   * everywhere.
   */
  cidrs: readonly string[];
}

/** The rows that a principal may reach. Null means those of everybody, for an admin. */
export type Reach = Owner | null;

export function reachOf(principal: Principal): Reach {
  return principal.role === "admin" ? null : principal;
}

/** The tenant for `Pool.as` that gives a connection which sees the rows of everybody. */
export const everyone = "*";

/**
 * Returns the tenant for `Pool.as`: the rows that the database lets a principal reach, whatever a statement
 * says.
 */
export function tenantOf(principal: Principal): string {
  return principal.role === "admin" ? everyone : principal.developerId;
}

export function holds(principal: Principal, permission: Permission): boolean {
  return principal.permissions === "all" || principal.permissions.has(permission);
}

/** The relation of a caller to an app, which decides what they may do with it. */
export interface Viewer {
  role: Role;
  isDeveloper: boolean;
}

export function viewerOf(principal: Principal, developerId: string): Viewer {
  return { role: principal.role, isDeveloper: principal.developerId === developerId };
}

/**
 * Requires a key that serves every app, or a session. It guards what belongs to the developer, not to an app:
 * a key for listed apps would reach more than its own apps.
 * @param fix the end of the sentence, which says what to do.
 * @throws Problem `permission_missing` (403).
 */
export function requireEveryApp({ appIds }: Principal, fix = "use a key for every app, or sign in."): void {
  if (appIds === null) return;
  throw problem("permission_missing", `The key serves only listed apps: ${fix}`);
}
