import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { unseen } from "@mosis/types/formats";
import { canonicalEmail } from "../../developers/canonical-email.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { insertLinkedDeveloper, lockLinked } from "./queries.ts";
import type { Identity } from "./providers.ts";

const nameLengthMax = 100;
/** What a name here may not have. */
const invisible = new RegExp(`[${unseen}]`, "gu");

/**
 * Whose account an identity signs in to; a new one when it has none. An account that exists is never found
 * by its address: whoever gets a provider to say an address would have it. Its owner links it, signed in.
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
    // Of two first sign-ins at once this is the second, and the first has been committed.
    const meanwhile = await lockLinked(tx, identity);
    if (meanwhile) return meanwhile.id;
    throw problem(
      "email_taken",
      "There is an account with your address: sign in to it, and link the provider. If it is not yours, " +
        "POST /v1/developers:request-password-reset takes it over, and nothing of its maker stays.",
    );
  }
  await appendOutbox(tx, {
    developerId: created.id,
    actor: { kind: "system", id: "" },
    requestId,
    action: "developer.created",
    target: { type: "developer", id: created.id },
    payload: created,
  });
  return created.id;
}

/** What the provider calls them, as far as a name here may be that; else what stands before the @. */
function nameOf(told: string | null, address: string): string {
  const name = cleaned(told ?? "");
  return name === "" ? cleaned(address.split("@")[0] ?? "") : name;
}

function cleaned(text: string): string {
  const visible = text.replaceAll(invisible, "").trim();
  // By code points: half a surrogate pair is no text.
  return Array.from(visible).slice(0, nameLengthMax).join("");
}
