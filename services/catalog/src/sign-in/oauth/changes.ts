import { type Problem, problem } from "@mosis/http";
import { isDuplicate, type Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import { unseen } from "@mosis/types/formats";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record, systemAuthor } from "../../changes/outbox/record.ts";
import { canonicalEmail } from "../../developers/canonical-email.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { lockDeveloper } from "../../developers/queries.ts";
import type { Identity } from "./providers.ts";
import { insertLinkedDeveloper, link, lockLinked, unlink } from "./queries.ts";

const nameLengthMax = 100;
/** The invisible characters that a name must not contain. */
const invisible = new RegExp(`[${unseen}]`, "gu");

/**
 * Returns the developer that an identity signs in to, or makes a new account when it has none. An existing
 * account is never found by its e-mail address: an attacker who gets a provider to claim that address would
 * take it over. Its owner links it when signed in.
 * @throws Problem `email_taken` (409), `email_unverified` (403).
 */
export async function developerOf(tx: Queryable, identity: Identity, requestId: string): Promise<string> {
  const linked = await lockLinked(tx, identity);
  if (linked) return linked.id;
  const address = identity.email === null ? null : canonicalEmail(identity.email);
  if (address === null || !identity.emailVerified) {
    throw problem("email_unverified", "Confirm your e-mail address at the provider first.");
  }
  const created = await insertLinkedDeveloper(tx, identity, {
    email: address,
    name: nameOf(identity.name, address),
  });
  if (!created) {
    // This is the second of two concurrent first sign-ins, and the first has been committed.
    const meanwhile = await lockLinked(tx, identity);
    if (meanwhile) return meanwhile.id;
    throw problem(
      "email_taken",
      "An account with your address exists: sign in to it, and link the provider. If you did not make it, " +
        "POST /v1/developers:request-password-reset gives you the account, and removes what its maker left.",
    );
  }
  await record(tx, systemAuthor(created.id, requestId), {
    action: "developer.created",
    target: { type: "developer", id: created.id },
    payload: created,
  });
  return created.id;
}

/**
 * Links the provider to the account.
 * @throws Problem `state_conflict` (409) when the account, or another one, is linked already.
 */
export async function linkProvider(tx: Queryable, call: Call, identity: Identity): Promise<Developer> {
  const { developerId } = call.principal;
  const linked = await link(tx, developerId, identity).catch((error: unknown) => {
    throw isDuplicate(error, "developers_oauth") ? linkedElsewhere() : error;
  });
  if (!linked) throw problem("state_conflict", "The account already has a provider: unlink it first.");
  const { requestId } = call;
  await insertMail(tx, { developerId, kind: "oauth_linked", recipient: linked.email, requestId });
  await record(tx, authorOf(call), linkEvent("developer.oauth_linked", linked));
  return linked;
}

/**
 * Unlinks the provider.
 * @throws Problem `not_found` (404), `state_conflict` (409) for the only way to sign in.
 */
export async function unlinkProvider(tx: Queryable, call: Call, provider: string): Promise<void> {
  const { developerId } = call.principal;
  const developer = await lockDeveloper(tx, developerId);
  if (developer?.oauth_provider !== provider) {
    throw problem("not_found", "The account is not linked to that provider.");
  }
  const unlinked = await unlink(tx, developerId);
  if (!unlinked) {
    throw problem("state_conflict", "You would have no way to sign in: set a password first.");
  }
  await record(tx, authorOf(call), linkEvent("developer.oauth_unlinked", unlinked));
}

function linkEvent(action: string, developer: Developer): Event {
  return { action, target: { type: "developer", id: developer.id }, payload: developer };
}

/**
 * Returns the name that the provider reports, as far as it may be a name here. Otherwise returns the part
 * before the @.
 */
function nameOf(told: string | null, address: string): string {
  const name = cleaned(told ?? "");
  return name === "" ? cleaned(address.split("@")[0] ?? "") : name;
}

function cleaned(text: string): string {
  const visible = text.replaceAll(invisible, "").trim();
  // It cuts by code points: half a surrogate pair is not valid text.
  return Array.from(visible).slice(0, nameLengthMax).join("");
}

function linkedElsewhere(): Problem {
  return problem("state_conflict", "This identity of the provider is linked to another account.");
}
