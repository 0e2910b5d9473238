import type { Queryable } from "@mosis/postgres";
import { appPermissions } from "@mosis/types/app-permissions";
import type { Check } from "@mosis/types/reviews";
import type { Refusal } from "../../shared/refusal.ts";
import { keyRefusal, orderRefusal, type VersionFacts } from "../versions/lifecycle.ts";
import { nameCheckOf } from "./name-check.ts";
import type { Submitted } from "./submission-queries.ts";

/** The facts that decide if a version could be published once it is approved. */
export type Publishable = Pick<
  VersionFacts,
  "version_code" | "published_code_max" | "signing_key" | "is_signing_key_active" | "pinned_key"
>;

/** Returns all the checks that are made when a version is submitted. */
export async function submissionChecks(tx: Queryable, submitted: Submitted): Promise<Check[]> {
  return [
    ...publishableChecks(submitted),
    await nameCheckOf(tx, submitted.developer_id, submitted.app_name),
    permissionsCheck(submitted.permissions, submitted.published),
  ];
}

/**
 * Returns the current checks of a submission that waits: a key may have been revoked since, or a newer
 * version published.
 */
export function checksNow(stored: Check[], facts: Publishable): Check[] {
  const now = publishableChecks(facts);
  const codes = new Set(now.map(({ code }) => code));
  return [...now, ...stored.filter(({ code }) => !codes.has(code))];
}

/**
 * Returns the reason why the version could not be published even if it were approved, or null when it could.
 */
export function publishRefusal(facts: Publishable): Refusal | null {
  return keyRefusal(facts) ?? orderRefusal(facts);
}

function publishableChecks(facts: Publishable): Check[] {
  const { published_code_max: max } = facts;
  const order =
    max === null ? "No version of the app was published before." : `It is newer than version ${max}.`;
  return [
    checkOf("signature_valid", keyRefusal(facts), "It is signed with an active key of its developer."),
    checkOf("version_order", orderRefusal(facts), order),
  ];
}

function checkOf(code: Check["code"], refusal: Refusal | null, passed: string): Check {
  if (!refusal) return { code, result: "pass", message: passed, fix: null };
  return { code, result: "fail", message: `The version ${refusal.message}.`, fix: refusal.fix };
}

/** The maximum number of names in a message: a version may ask for a hundred. */
const namesMax = 10;

/** A first version adds every permission that it asks for, so only the dangerous ones are worth a look. */
export function permissionsCheck(permissions: string[], published: Submitted["published"]): Check {
  const code = "permissions_added";
  const before = new Set(published?.permissions);
  const added = permissions.filter((name) => !before.has(name) && (published !== null || isDangerous(name)));
  if (added.length === 0) {
    const than = published && `nothing that version ${published.version_code} did not`;
    return { code, result: "pass", message: `It asks for ${than ?? "no dangerous permission"}.`, fix: null };
  }
  const names = added.slice(0, namesMax).map((name) => (isDangerous(name) ? `${name} (dangerous)` : name));
  if (added.length > namesMax) names.push(`${added.length - namesMax} more`);
  const since = published ? `, which version ${published.version_code} did not` : "";
  const message = `It asks for ${names.join(", ")}${since}.`;
  return { code, result: "warn", message, fix: "Ask for no permission that the app can do without." };
}

/** A permission that Mosis does not know counts as dangerous. */
function isDangerous(name: string): boolean {
  if (!Object.hasOwn(appPermissions, name)) return true;
  return appPermissions[name as keyof typeof appPermissions].dangerous;
}
