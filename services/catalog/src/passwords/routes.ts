import { parse, requestId } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import { PasswordChange } from "@mosis/types/developers";
import { Router } from "express";
import { deleteAccountTokens } from "../account-tokens/queries.ts";
import type { Authenticate } from "../auth.ts";
import { type Answer, changeAfter, send } from "../change.ts";
import type { Credentials } from "../credentials.ts";
import { type Confirm, passwordChanged } from "../developers/confirm.ts";
import type { Passwords } from "../developers/password.ts";
import type { HashedPassword } from "../developers/queries.ts";
import { deleteMails, insertMail } from "../mails/queries.ts";
import { appendAll } from "../outbox/append.ts";
import { sessionDeleted } from "../outbox/gone.ts";
import type { Principal } from "../principal.ts";
import { deleteOtherSessions } from "../sessions/queries.ts";
import { updatePassword } from "./queries.ts";

/** Another password, for whoever is signed in. A forgotten one is in `reset-routes.ts`. */
export function passwordRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  confirm: Confirm;
  passwords: Passwords;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, credentials, confirm, passwords, mails } = deps;
  const router = Router();

  router.post("/v1/developers/me\\:change-password", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(PasswordChange, await authenticate.body(req), "body");
    const before = async () => ({
      confirmed: await confirm(principal, body.password),
      passwordHash: await passwords.hash(body.new_password),
    });

    const answer = await changeAfter(db, { req, principal, body }, before, (tx, ready) =>
      changePassword(tx, { principal, ...ready, requestId: requestId(req) }),
    );

    credentials.forget(principal.developerId);
    mails.wake();
    send(res, answer);
  });

  return router;
}

interface Asked {
  principal: Principal;
  confirmed: HashedPassword;
  passwordHash: string;
  requestId: string;
}

async function changePassword(
  tx: Queryable,
  { principal, confirmed, passwordHash, requestId }: Asked,
): Promise<Answer> {
  const { developerId, actor } = principal;
  const changed = await updatePassword(tx, confirmed, passwordHash);
  if (!changed) throw passwordChanged();
  // First the mails: one that is being sent draws its token until then.
  await deleteMails(tx, developerId, ["email_change"]);
  await deleteAccountTokens(tx, developerId, ["email_change", "password_reset"]);
  await insertMail(tx, { developerId, kind: "password_changed", recipient: changed.email, requestId });
  const ended = await deleteOtherSessions(tx, developerId, actor.id);
  const by = { developerId, actor, requestId };
  await appendAll(tx, [
    ...ended.map((session) => sessionDeleted(by, session)),
    {
      ...by,
      action: "developer.password_changed",
      target: { type: "developer", id: developerId },
      payload: changed,
    },
  ]);
  return { status: 204 };
}
