import { createRouter, parse, type RateLimits, readJson } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { PasswordChange, PasswordReset, PasswordResetRequest } from "@mosis/types/developers";
import type { Router } from "express";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import type { SenderOf } from "../../access/call.ts";
import type { Credentials } from "../../access/credentials.ts";
import { everyone } from "../../access/principal.ts";
import { changeAfter, send } from "../../changes/change.ts";
import { canonicalEmail } from "../../developers/canonical-email.ts";
import { findDeveloper, readAppWords } from "../../developers/queries.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import type { Confirm } from "../../sign-in/passwords/confirm.ts";
import type { Passwords } from "../../sign-in/passwords/hashing.ts";
import type { AccountThrottle } from "../../sign-in/throttle/account.ts";
import { requestMail } from "../mails/request.ts";
import { findAccountToken } from "../tokens/queries.ts";
import { requireAccountToken, tokenInvalid } from "../tokens/token.ts";
import { changePassword, resetForgotten } from "./changes.ts";
import { hashNewPassword } from "./new-password.ts";

interface Deps {
  db: Pool;
  authenticate: Authenticate;
  senderOf: SenderOf;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
  confirm: Confirm;
  passwords: Passwords;
  accounts: AccountThrottle;
  mails: { wake(): void };
}

export function passwordRoutes(deps: Deps): Router {
  const router = createRouter();
  serveChange(router, deps);
  serveReset(router, deps);
  return router;
}

/** Serves a change of the password by a signed-in developer. */
function serveChange(
  router: Router,
  { db, authenticate, credentials, confirm, passwords, mails }: Deps,
): void {
  router.post("/v1/developers/me\\:change-password", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(PasswordChange, await authenticate.body(req), "body");
    const before = async () => {
      const confirmed = await confirm(call, body.password);
      const own = db.as(principal.developerId);
      const owner = await findDeveloper(own, principal.developerId);
      if (!owner) throw credentialsInvalid();
      const appWords = await readAppWords(own, owner.id);
      const passwordHash = await hashNewPassword(passwords, {
        password: body.new_password,
        owner: { ...owner, appWords },
        pointer: "/new_password",
        asker: { address: call.address, account: owner.email },
      });
      return { confirmed, passwordHash };
    };

    const answer = await changeAfter(call, { req, body }, before, async (tx, ready) => {
      await changePassword(tx, call, body, ready);
      return { status: 204 };
    });

    credentials.forget(principal.developerId);
    mails.wake();
    send(res, answer);
  });
}

/** Serves the reset of a forgotten password by mail. */
function serveReset(router: Router, deps: Deps): void {
  const { db, senderOf, credentials, limits, passwords, accounts, mails } = deps;

  /** The owner of the address is looked up later, by the sender: nothing in this answer could reveal it. */
  router.post("/v1/developers\\:request-password-reset", async (req, res) => {
    limits.admitAnyone(req, res);
    const typed = parse(PasswordResetRequest, await readJson(req, anonymousBodyLimit), "body").email;
    const email = canonicalEmail(typed) ?? typed;
    // PostgreSQL accepts no NUL in a text, so no account has one.
    if (!email.includes("\0")) {
      const mail = { kind: "password_reset", recipient: email, requestId: senderOf(req).requestId } as const;
      await requestMail(db.as(everyone), { developerId: null, ...mail });
    }

    mails.wake();
    res.status(202).end();
  });

  router.post("/v1/developers\\:reset-password", async (req, res) => {
    limits.admitAnyone(req, res);
    const { token, new_password } = parse(PasswordReset, await readJson(req, anonymousBodyLimit), "body");
    requireAccountToken(token);
    const tokenHash = hashSecret(token);
    // A hash costs 40 ms of a core, so an invalid token is refused before it.
    const mailed = await findAccountToken(db.as(everyone), tokenHash, ["password_reset"]);
    const owner = mailed && (await findDeveloper(db.as(mailed.developer_id), mailed.developer_id));
    if (!owner) throw tokenInvalid();
    const sender = senderOf(req);
    const appWords = await readAppWords(db.as(owner.id), owner.id);
    const passwordHash = await hashNewPassword(passwords, {
      password: new_password,
      owner: { ...owner, appWords },
      pointer: "/new_password",
      asker: { address: sender.address, account: owner.email },
    });

    const { requestId } = sender;
    const { id, email } = await transaction(db.as(everyone), (tx) =>
      resetForgotten(tx, { tokenHash, passwordHash, requestId }),
    );

    credentials.forget(id);
    // Wrong guesses at the old password must not block the owner, who has the new one.
    await accounts.forget("sign-in", email);
    mails.wake();
    res.status(204).end();
  });
}
