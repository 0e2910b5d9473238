import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { ProblemDetail } from "@mosis/types/problems";
import type { NewRestriction } from "@mosis/types/telemetry-restrictions";
import { findAppDeveloper } from "../../access/apps.ts";
import { findKeyDeveloper } from "../../keys/queries.ts";
import { type Principal, reachOf } from "../../access/principal.ts";
import type { Scope } from "./queries.ts";

/**
 * What the schema cannot say of a new restriction.
 * @throws Problem `invalid_request` with what is wrong.
 */
export function requireMeaning({ package_id, key_id, event_name, action, rate }: NewRestriction): void {
  const errors: ProblemDetail[] = [];
  if (package_id === undefined && key_id === undefined && event_name === undefined) {
    const fix = "Add package_id, key_id or event_name.";
    errors.push({ pointer: "", code: "scope_missing", message: "names nothing to restrict", fix });
  }
  if ((action === "sample") !== (rate !== undefined)) {
    const message = action === "sample" ? "is missing" : "belongs to the action sample alone";
    errors.push({ pointer: "/rate", code: "rate_of_sample", message });
  }
  if (errors.length > 0)
    throw problem("invalid_request", "The restriction says too little or too much.", { errors });
}

/**
 * What a new restriction holds for. Without an app or a key: the developer's own apps, and everybody's when
 * an admin says so.
 * @throws Problem `reference_unknown` for what is not within reach, `permission_missing` when a key for
 * listed apps names none of them.
 */
export async function scopeOf(tx: Queryable, principal: Principal, asked: NewRestriction): Promise<Scope> {
  const { package_id, key_id } = asked;
  if (principal.appIds !== null && package_id === undefined) {
    throw problem("permission_missing", "The key serves listed apps alone: name one of them in package_id.");
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
    errors.push({ pointer: "/package_id", code: "app_unknown", message: "is not an app of yours" });
  }
  const isOfOther = app && key && app.developer_id !== key.developer_id;
  if (key_id !== undefined && (!key || isOfOther)) {
    errors.push({ pointer: "/key_id", code: "key_unknown", message: "is not a key of the app's developer" });
  }
  if (errors.length > 0) throw problem("reference_unknown", "It names what does not exist.", { errors });
  return { app, key };
}
