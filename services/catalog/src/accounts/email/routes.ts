import { createRouter, parse, type Problem, problem, type RateLimits, readJson } from "@mosis/http";
import { isDuplicate, type Pool, transaction } from "@mosis/postgres";
import { EmailChange, EmailVerification } from "@mosis/types/developers";
import type { Router } from "express";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import type { SenderOf } from "../../access/call.ts";
import { everyone } from "../../access/principal.ts";
import { changeAfter, send } from "../../changes/change.ts";
import { requireEmail } from "../../developers/canonical-email.ts";
import { findAccount, findDeveloper, lockPassword } from "../../developers/queries.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { type Confirm, passwordChanged } from "../../sign-in/passwords/confirm.ts";
import { requestMail } from "../mails/request.ts";
import { findAccountToken } from "../tokens/queries.ts";
import { requireAccountToken, tokenInvalid } from "../tokens/token.ts";
import { confirmingPurposes, verifyEmail } from "./changes.ts";
import type { ProveAccount } from "./prove.ts";

interface Deps {
  db: Pool;
  limits: RateLimits;
  authenticate: Authenticate;
  senderOf: SenderOf;
  confirm: Confirm;
  prove: ProveAccount;
  mails: { wake(): void };
}

export function emailRoutes(deps: Deps): Router {
  const router = createRouter();
  serveVerification(router, deps);
  serveChange(router, deps);
  return router;
}

/** Serves the proof that an address is the developer's own. */
function serveVerification(router: Router, deps: Deps): void {
  const { db, limits, authenticate, senderOf, prove, mails } = deps;

  router.post("/v1/developers/me\\:send-verification", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const { developerId } = principal;
    const before = async () => {
      const developer = await findDeveloper(db.as(developerId), developerId);
      if (!developer) throw credentialsInvalid();
      if (developer.verified) throw problem("state_conflict", "The address is already confirmed.");
      return developer;
    };

    const answer = await changeAfter(call, { req }, before, async (tx, { email }) => {
      const mail = { kind: "email_verification", recipient: email, requestId: call.requestId } as const;
      await requestMail(tx, { developerId, ...mail });
      return { status: 202 };
    });

    mails.wake();
    send(res, answer);
  });

  /** No session is required, because the mail may be read on a device that is not signed in. */
  router.post("/v1/developers\\:verify-email", async (req, res) => {
    limits.admitAnyone(req, res);
    const { token, password } = parse(EmailVerification, await readJson(req, anonymousBodyLimit), "body");
    requireAccountToken(token);
    const tokenHash = hashSecret(token);
    const mailed = await findAccountToken(db.as(everyone), tokenHash, confirmingPurposes);
    if (!mailed) throw tokenInvalid();
    const by = { sender: senderOf(req), session: await authenticate.session(req) };
    const proved = await prove(by, { developerId: mailed.developer_id, password });

    const { requestId } = by.sender;
    await transaction(db.as(everyone), (tx) => verifyEmail(tx, { tokenHash, proved, requestId })).catch(
      (error: unknown) => {
        // Another account has taken the address since the mail was sent.
        throw isDuplicate(error, "developers_lower_email", "developers_email_key") ? emailTaken() : error;
      },
    );

    mails.wake();
    res.status(204).end();
  });
}

/** Serves the request for another address. */
function serveChange(router: Router, { db, authenticate, confirm, mails }: Deps): void {
  /** Nothing changes until the token that is sent to the new address comes back. */
  router.post("/v1/developers/me\\:change-email", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(EmailChange, await authenticate.body(req), "body");
    const { password } = body;
    const email = requireEmail(body.email);
    const { developerId } = principal;
    const before = async () => {
      const own = await confirm(call, password);
      const taken = await findAccount(db.as(everyone), email);
      if (taken && taken.id !== developerId) throw emailTaken();
      return own;
    };

    const answer = await changeAfter(call, { req, body }, before, async (tx, own) => {
      // A password that was changed meanwhile is no proof: it was changed to shut out those who know the old
      // one.
      if (!(await lockPassword(tx, own))) throw passwordChanged();
      const mail = { kind: "email_change", recipient: email, requestId: call.requestId } as const;
      await requestMail(tx, { developerId, ...mail });
      return { status: 202 };
    });

    mails.wake();
    send(res, answer);
  });
}

function emailTaken(): Problem {
  return problem("email_taken", "An account with this address exists: use another one.");
}
