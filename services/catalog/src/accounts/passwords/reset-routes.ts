import { parse, readJson, requestId, type RateLimits, createRouter } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { PasswordReset, PasswordResetRequest } from "@mosis/types/developers";
import type { Router } from "express";
import { findAccountToken } from "../tokens/queries.ts";
import { requireAccountToken, tokenInvalid } from "../tokens/token.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import type { Credentials } from "../../access/credentials.ts";
import { hashNewPassword } from "./new-password.ts";
import type { Passwords } from "../../sign-in/passwords/hashing.ts";
import { findDeveloper, readAppWords } from "../../developers/queries.ts";
import { canonicalEmail } from "../../developers/canonical-email.ts";
import { requestMail } from "../mails/asked.ts";
import { everyone } from "../../access/principal.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import type { AccountThrottle } from "../../sign-in/throttle/account.ts";
import { reset } from "./reset.ts";

/** A password that was forgotten. */
export function passwordResetRoutes(deps: {
  db: Pool;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
  passwords: Passwords;
  accounts: AccountThrottle;
  mails: { wake(): void };
}): Router {
  const { db, credentials, limits, passwords, accounts, mails } = deps;
  const router = createRouter();

  /** Who has the address is found out later, by the sender: here is nothing that could tell. */
  router.post("/v1/developers\\:request-password-reset", async (req, res) => {
    limits.admitAnyone(req, res);
    const typed = parse(PasswordResetRequest, await readJson(req, anonymousBodyLimit), "body").email;
    const email = canonicalEmail(typed) ?? typed;
    // PostgreSQL takes no NUL; no account has one either.
    if (!email.includes("\0")) {
      const mail = { kind: "password_reset", recipient: email, requestId: requestId(req) } as const;
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
    // A hash costs 40 ms of a core: not for a token that is none.
    const mailed = await findAccountToken(db.as(everyone), tokenHash, ["password_reset"]);
    const owner = mailed && (await findDeveloper(db.as(mailed.developer_id), mailed.developer_id));
    if (!owner) throw tokenInvalid();
    const appWords = await readAppWords(db.as(owner.id), owner.id);
    const passwordHash = await hashNewPassword(passwords, {
      ...{ password: new_password, owner: { ...owner, appWords }, pointer: "/new_password" },
      asker: { req, account: owner.email },
    });

    const { id, email } = await transaction(db.as(everyone), (tx) =>
      reset(tx, { tokenHash, passwordHash, requestId: requestId(req) }),
    );

    credentials.forget(id);
    // Whoever has guessed at the old password is no longer in the way of the one who has the new one.
    await accounts.forget("sign-in", email);
    mails.wake();
    res.status(204).end();
  });

  return router;
}
