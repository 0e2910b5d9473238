import { parse, requestId, createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { EmailChange } from "@mosis/types/developers";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { changeAfter, send } from "../../changes/change.ts";
import { type Confirm, passwordChanged } from "../../sign-in/passwords/confirm.ts";
import { findAccount, lockPassword } from "../../developers/queries.ts";
import { requestMail } from "../mails/asked.ts";
import { everyone } from "../../access/principal.ts";
import { requireEmail } from "../../developers/canonical-email.ts";
import { emailTaken } from "./routes.ts";

export function emailChangeRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  confirm: Confirm;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, confirm, mails } = deps;
  const router = createRouter();

  /** Nothing changes before the new address has answered. */
  router.post("/v1/developers/me\\:change-email", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(EmailChange, await authenticate.body(req), "body");
    const { password } = body;
    const email = requireEmail(body.email);
    const { developerId } = principal;
    const before = async () => {
      const own = await confirm({ principal, req }, password);
      const taken = await findAccount(db.as(everyone), email);
      if (taken && taken.id !== developerId) throw emailTaken();
      return own;
    };

    const answer = await changeAfter(db, { req, principal, body }, before, async (tx, own) => {
      // Whoever has changed it meanwhile has thrown out who knows the old one.
      if (!(await lockPassword(tx, own))) throw passwordChanged();
      const mail = { kind: "email_change", recipient: email, requestId: requestId(req) } as const;
      await requestMail(tx, { developerId, ...mail });
      return { status: 202 };
    });

    mails.wake();
    send(res, answer);
  });

  return router;
}
