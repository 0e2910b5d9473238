import { etagOf, problem, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Developer, DeveloperId } from "@mosis/types/developers";
import { credentialsInvalid } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { authorOf, record, systemAuthor } from "../../changes/outbox/record.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { insertDeveloper, lockDeveloper, updateName } from "../../developers/queries.ts";

export async function registerDeveloper(
  tx: Queryable,
  account: { email: string; name: string; passwordHash: string },
  requestId: string,
): Promise<Developer> {
  const created = await insertDeveloper(tx, account);
  if (!created) {
    throw problem("email_taken", "An account with this address exists: sign in, or use another one.");
  }
  const { id, email } = created;
  await insertMail(tx, { developerId: id, kind: "email_verification", recipient: email, requestId });
  await record(tx, systemAuthor(id, requestId), {
    action: "developer.created",
    target: { type: "developer", id },
    payload: created,
  });
  return created;
}

export async function renameDeveloper(tx: Queryable, call: Call, name: string): Promise<Developer> {
  const { developerId } = call.principal;
  const current = await lockDeveloper(tx, developerId);
  if (!current) throw credentialsInvalid();
  requireMatch(call.ifMatch, tagOf(current));
  if (name === current.name) return current;
  const changed = await updateName(tx, developerId, name);
  await record(tx, authorOf(call), {
    action: "developer.changed",
    target: { type: "developer", id: developerId },
    payload: changed,
  });
  return changed;
}

export function tagOf(developer: Developer | DeveloperId): string {
  return etagOf(JSON.stringify(developer));
}
