import { type Problem, problem } from "@mosis/http";
import { many, maybeOne, type Queryable, type Sql, sql } from "@mosis/postgres";
import { AppIdRow, OwnedRow } from "../shared/rows.ts";
import type { Owner, Reach } from "./principal.ts";

// Every module that reads or writes something of an app asks here which apps a principal may reach.

/** The condition on rows of `apps` that a principal may reach. */
export function appsWithin(reach: Reach): Sql {
  return reach ? appsOf(reach) : sql`true`;
}

/** The condition on rows of `apps` that belong to the developer, and that the key serves. */
export function appsOf({ developerId, appIds }: Owner): Sql {
  // These are two statements, each with its own plan: one statement for both cases is planned for a handful
  // of apps.
  const served = appIds === null ? sql`true` : sql`apps.id = any(${appIds}::uuid[])`;
  return sql`apps.developer_id = ${developerId} and ${served}`;
}

/** Returns an app with its developer; null when there is none within reach. */
export function findAppDeveloper(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    OwnedRow,
    sql`select id, developer_id from apps where package_id = ${packageId} and ${appsWithin(reach)}`,
  );
}

/** Locks the apps that belong to the owner, so that none is deleted before a key refers to it. */
export function lockOwnAppIds(db: Queryable, owner: Owner, packageIds: string[]) {
  return many(
    db,
    AppIdRow,
    sql`
      select id, package_id from apps
      where package_id = any(${packageIds}) and ${appsOf(owner)}
      order by id
      for key share`,
  );
}

/** The answer for a missing app. It is the same, byte for byte, for somebody else's app. */
export function missingApp(): Problem {
  return problem("not_found", "There is no such app.");
}
