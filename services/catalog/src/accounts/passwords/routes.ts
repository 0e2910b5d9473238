import { parse, requestId, createRouter } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import { PasswordChange } from "@mosis/types/developers";
import type { Router } from "express";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import { type Answer, changeAfter, send } from "../../changes/change.ts";
import type { Credentials } from "../../access/credentials.ts";
import { type Confirm, passwordChanged } from "../../sign-in/passwords/confirm.ts";
import { hashNewPassword } from "./new-password.ts";
import type { Passwords } from "../../sign-in/passwords/hashing.ts";
import { findDeveloper, type HashedPassword, readAppWords } from "../../developers/queries.ts";
import { evict, type Eviction } from "../eviction/evict.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendAll } from "../../changes/outbox/append.ts";
import type { Principal } from "../../access/principal.ts";
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
  const router = createRouter();

  router.post("/v1/developers/me\\:change-password", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(PasswordChange, await authenticate.body(req), "body");
    const before = async () => {
      const confirmed = await confirm({ principal, req }, body.password);
      const own = db.as(principal.developerId);
      const owner = await findDeveloper(own, principal.developerId);
      if (!owner) throw credentialsInvalid();
      const appWords = await readAppWords(own, owner.id);
      const passwordHash = await hashNewPassword(passwords, {
        ...{ password: body.new_password, owner: { ...owner, appWords }, pointer: "/new_password" },
        asker: { req, account: owner.email },
      });
      return { confirmed, passwordHash };
    };

    const answer = await changeAfter(db, { req, principal, body }, before, (tx, ready) =>
      changePassword(tx, { principal, body, ...ready, requestId: requestId(req) }),
    );

    credentials.forget(principal.developerId);
    mails.wake();
    send(res, answer);
  });

  return router;
}

interface Asked {
  principal: Principal;
  body: PasswordChange;
  confirmed: HashedPassword;
  passwordHash: string;
  requestId: string;
}

async function changePassword(
  tx: Queryable,
  { principal, body, confirmed, passwordHash, requestId }: Asked,
): Promise<Answer> {
  const { developerId, actor } = principal;
  const changed = await updatePassword(tx, confirmed, passwordHash);
  if (!changed) throw passwordChanged();
  const by = { developerId, actor, requestId };
  const evicted = await evict(tx, by, evictionOf(body, actor.id));
  await insertMail(tx, { developerId, kind: "password_changed", recipient: changed.email, requestId });
  await appendAll(tx, [
    ...evicted,
    {
      ...by,
      action: "developer.password_changed",
      target: { type: "developer", id: developerId },
      payload: changed,
    },
  ]);
  return { status: 204 };
}

/** A password is changed for many reasons. What servers use works on, unless its owner says otherwise. */
function evictionOf(body: PasswordChange, sessionKept: string): Eviction {
  const { end_sessions, quarantine_keys, quarantine_webhooks, unlink_provider } = body;
  return {
    ...((end_sessions ?? true) ? { sessionKept } : {}),
    keys: quarantine_keys ? "quarantine" : "keep",
    webhooks: quarantine_webhooks ? "quarantine" : "keep",
    unlinkProvider: unlink_provider ?? false,
  };
}
