import { parse, type Problem, problem, requestId, createRouter } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import { type FactorEnrolled, TotpConfirmation, type TotpSecret } from "@mosis/types/second-factors";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import type { Credentials } from "../../access/credentials.ts";
import { requireVerified } from "../../developers/verified.ts";
import { appendAll, appendOutbox, type Change } from "../../changes/outbox/append.ts";
import type { By } from "../../changes/outbox/events.ts";
import { afterEnrolment, afterRemoval, lockFactors } from "../second-factors/enrol.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { newTotpSecret, otpauthUri, stepOfCode } from "./code.ts";
import { confirmTotp, deleteTotp, findPendingTotp, replacePendingTotp } from "./queries.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";

const path = "/v1/developers/me/totp";

/** An authenticator app as a second factor. */
export function totpRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  totpSecrets: SecretBox;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, credentials, totpSecrets, mails } = deps;
  const router = createRouter();

  router.post(path, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { developerId } = principal;
    await requireRecent(db.as(developerId), principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      // Whoever registers an address of somebody else must not lock its owner out.
      await requireVerified(tx, developerId);
      return { status: 201, body: await begin(tx, developerId, totpSecrets) };
    });

    send(res, answer);
  });

  router.post(`${path}\\:confirm`, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(TotpConfirmation, await authenticate.body(req), "body");
    const { developerId, actor } = principal;
    await requireRecent(db.as(developerId), principal);
    const by = { developerId, actor, requestId: requestId(req) };

    const answer = await change(db, { req, principal, body }, async (tx) => ({
      status: 200,
      body: await confirm(tx, by, { code: body.code, totpSecrets }),
    }));

    credentials.forget(developerId);
    mails.wake();
    send(res, answer);
  });

  router.delete(path, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { developerId, actor } = principal;
    await requireRecent(db.as(developerId), principal);

    await transaction(db.as(developerId), (tx) =>
      remove(tx, { developerId, actor, requestId: requestId(req) }),
    );

    credentials.forget(developerId);
    mails.wake();
    res.status(204).end();
  });

  return router;
}

async function begin(tx: Queryable, developerId: string, totpSecrets: SecretBox): Promise<TotpSecret> {
  const { developer } = await lockFactors(tx, developerId);
  const secret = newTotpSecret();
  const id = newId();
  await replacePendingTotp(tx, { id, developerId, secret: totpSecrets.seal(secret, id) });
  return { secret, otpauth_uri: otpauthUri(secret, developer.email) };
}

async function confirm(
  tx: Queryable,
  by: By,
  { code, totpSecrets }: { code: string; totpSecrets: SecretBox },
): Promise<FactorEnrolled> {
  const { developerId } = by;
  const { developer, factors: before } = await lockFactors(tx, developerId);
  const pending = await findPendingTotp(tx, developerId);
  if (!pending)
    throw problem("state_conflict", `No secret waits for its first code: begin with POST ${path}.`);
  // No attempts are counted: whoever is signed in has been told the secret.
  const step = stepOfCode(totpSecrets.open(pending.secret, pending.id), code, Date.now());
  if (step === null) throw wrongCode();
  await deleteTotp(tx, developerId);
  await confirmTotp(tx, { id: pending.id, step });
  const enrolled = await afterEnrolment(tx, { by, factor: "totp", developer, before });
  await appendAll(tx, [...enrolled.changes, totpChange(by, "totp.created")]);
  return { recovery_codes: enrolled.recovery_codes };
}

async function remove(tx: Queryable, by: By): Promise<void> {
  const { developer } = await lockFactors(tx, by.developerId);
  if (!(await deleteTotp(tx, by.developerId))) {
    throw problem("not_found", "The account has no authenticator app.");
  }
  await afterRemoval(tx, { by, developer });
  await appendOutbox(tx, totpChange(by, "totp.deleted"));
}

function totpChange(by: By, action: string): Change {
  const { developerId: id } = by;
  return { ...by, action, target: { type: "developer", id }, payload: { id } };
}

function wrongCode(): Problem {
  return problem("token_invalid", "The code is wrong: enter the one that the authenticator app shows now.");
}
