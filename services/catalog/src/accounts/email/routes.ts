import {
  parse,
  type Problem,
  problem,
  readJson,
  requestId,
  type RateLimits,
  createRouter,
} from "@mosis/http";
import { isDuplicate, type Pool, type Queryable, transaction } from "@mosis/postgres";
import { EmailVerification } from "@mosis/types/developers";
import type { Router } from "express";
import { deleteAccountToken, deleteAccountTokens, findAccountToken } from "../tokens/queries.ts";
import { type Purpose, requireAccountToken, tokenInvalid } from "../tokens/token.ts";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import { changeAfter, send } from "../../changes/change.ts";
import { findDeveloper, lockDeveloper, lockPassword } from "../../developers/queries.ts";
import { requestMail } from "../mails/asked.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendAll } from "../../changes/outbox/append.ts";
import { everyone } from "../../access/principal.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { limitsOfConfirmed } from "../../telemetry-rules/limits/events.ts";
import { type ProveAccount, unproved } from "./prove.ts";
import { updateEmail, updateVerified } from "./queries.ts";

/** Proving an e-mail address. Asking for another one is in `change-routes.ts`. */
export function emailRoutes(deps: {
  db: Pool;
  limits: RateLimits;
  authenticate: Authenticate;
  prove: ProveAccount;
  mails: { wake(): void };
}): Router {
  const { db, limits, authenticate, prove, mails } = deps;
  const router = createRouter();

  router.post("/v1/developers/me\\:send-verification", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { developerId } = principal;
    const before = async () => {
      const developer = await findDeveloper(db.as(developerId), developerId);
      if (!developer) throw credentialsInvalid();
      if (developer.verified) throw problem("state_conflict", "The address is confirmed already.");
      return developer;
    };

    const answer = await changeAfter(db, { req, principal }, before, async (tx, { email }) => {
      const mail = { kind: "email_verification", recipient: email, requestId: requestId(req) } as const;
      await requestMail(tx, { developerId, ...mail });
      return { status: 202 };
    });

    mails.wake();
    send(res, answer);
  });

  /** Whoever has the token may be signed in nowhere, when the mail is read on another device. */
  router.post("/v1/developers\\:verify-email", async (req, res) => {
    limits.admitAnyone(req, res);
    const { token, password } = parse(EmailVerification, await readJson(req, anonymousBodyLimit), "body");
    requireAccountToken(token);
    const tokenHash = hashSecret(token);
    const mailed = await findAccountToken(db.as(everyone), tokenHash, purposes);
    if (!mailed) throw tokenInvalid();
    const proved = await prove(req, { developerId: mailed.developer_id, password });

    await transaction(db.as(everyone), (tx) =>
      verify(tx, { tokenHash, proved, requestId: requestId(req) }),
    ).catch((error: unknown) => {
      // Somebody else has taken the address since the mail was sent.
      throw isDuplicate(error, "developers_lower_email", "developers_email_key") ? emailTaken() : error;
    });

    mails.wake();
    res.status(204).end();
  });

  return router;
}

export function emailTaken(): Problem {
  return problem("email_taken", "There is an account with this address: use another one.");
}

/** What confirms an address. */
const purposes: Purpose[] = ["email_verification", "email_change"];

interface Verification {
  tokenHash: string;
  proved: Awaited<ReturnType<ProveAccount>>;
  requestId: string;
}

async function verify(tx: Queryable, { tokenHash, proved, requestId }: Verification): Promise<void> {
  const token = await deleteAccountToken(tx, tokenHash, purposes);
  if (!token) throw tokenInvalid();
  // Whoever has changed the password meanwhile has thrown out who knows the old one.
  if (proved && !(await lockPassword(tx, proved))) throw unproved();
  const { developer_id: developerId, email } = token;
  const before = await lockDeveloper(tx, developerId);
  if (!before) throw tokenInvalid();
  const isChange = token.purpose === "email_change";
  // The mail was for an address that is not the account's any more.
  if (!isChange && before.email !== email) throw tokenInvalid();
  // Before the change, while the old address is still the confirmed one. A failing change leaves no mail.
  if (isChange) {
    await insertMail(tx, { developerId, kind: "email_changed", recipient: before.email, requestId });
  }
  const after = isChange
    ? await updateEmail(tx, developerId, email)
    : await updateVerified(tx, developerId, email);
  // Two mails were sent, and this is the second one that is used.
  if (!after) return;
  if (isChange) {
    // What was sent to the old address opens nothing any more.
    await deleteAccountTokens(tx, developerId, ["email_verification", "email_change", "password_reset"]);
  }
  const by = { developerId, actor: { kind: "system", id: "" }, requestId } as const;
  await appendAll(tx, [
    {
      ...by,
      action: isChange ? "developer.email_changed" : "developer.verified",
      target: { type: "developer", id: developerId },
      payload: after,
    },
    ...(before.verified ? [] : await limitsOfConfirmed(tx, by)),
  ]);
}
