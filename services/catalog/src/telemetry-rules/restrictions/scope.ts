import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { ProblemDetail } from "@mosis/types/problems";
import type { NewRestriction } from "@mosis/types/telemetry-restrictions";
import { findAppDeveloper } from "../../access/apps.ts";
import { findKeyDeveloper } from "../../keys/queries.ts";
import { type Principal, reachOf } from "../../access/principal.ts";
import type { Scope } from "./queries.ts";

/**
 * Checks rules for a new restriction that the schema cannot express.
 * @throws Problem `invalid_request` with an error for each rule that is broken.
 */
export function requireMeaning({ package_id, key_id, event_name, action, rate }: NewRestriction): void {
  const errors: ProblemDetail[] = [];
  if (package_id === undefined && key_id === undefined && event_name === undefined) {
    const fix = "Add package_id, key_id or event_name.";
    errors.push({ pointer: "", code: "scope_missing", message: "does not name anything to restrict", fix });
  }
  if ((action === "sample") !== (rate !== undefined)) {
    const message = action === "sample" ? "is missing" : "belongs only to the action sample";
    errors.push({ pointer: "/rate", code: "rate_of_sample", message });
  }
  if (errors.length > 0)
    throw problem("invalid_request", "The restriction has too few or too many fields; see errors.", {
      errors,
    });
}

/**
 * Returns the scope of a new restriction. Without an app or a key it applies to the developer's own apps, or
 * to everybody's apps when the caller is an admin.
 * @throws Problem `reference_unknown` for an app or key out of reach, `permission_missing` when a key for
 * listed apps names none of them.
 */
export async function scopeOf(tx: Queryable, principal: Principal, asked: NewRestriction): Promise<Scope> {
  const { package_id, key_id } = asked;
  if (principal.appIds !== null && package_id === undefined) {
    throw problem("permission_missing", "The key serves only listed apps: name one of them in package_id.");
  }
  const { app, key } = await named(tx, principal, asked);
  const own = principal.role === "admin" ? null : principal.developerId;
  return {
    developerId: app?.developer_id ?? key?.developer_id ?? own,
    appId: app?.id ?? null,
    keyId: key_id?.toLowerCase() ?? null,
  };
}

async function named(tx: Queryable, principal: Principal, { package_id, key_id }: NewRestriction) {
  const reach = reachOf(principal);
  const app = package_id === undefined ? null : await findAppDeveloper(tx, reach, package_id);
  const key = key_id === undefined ? null : await findKeyDeveloper(tx, reach, key_id);
  const errors: ProblemDetail[] = [];
  if (package_id !== undefined && !app) {
    errors.push({ pointer: "/package_id", code: "app_unknown", message: "is not one of your apps" });
  }
  const isOfOther = app && key && app.developer_id !== key.developer_id;
  if (key_id !== undefined && (!key || isOfOther)) {
    errors.push({ pointer: "/key_id", code: "key_unknown", message: "is not a key of the app's developer" });
  }
  if (errors.length > 0)
    throw problem("reference_unknown", "The restriction names something that does not exist.", { errors });
  return { app, key };
}
