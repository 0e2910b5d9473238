import { type ClientAddress, parse, problem, readJson, requestId } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AuditActor } from "@mosis/types/audit";
import { NewSession } from "@mosis/types/developers";
import { Router } from "express";
import type { Authenticate } from "../auth.ts";
import { bodyLimit } from "../body-limit.ts";
import type { Credentials } from "../credentials.ts";
import type { Passwords } from "../developers/password.ts";
import { findCredentials } from "../developers/queries.ts";
import { appendOutbox } from "../outbox/append.ts";
import type { RateLimits } from "../rate-limits.ts";
import { hashSecret } from "../secret-hash.ts";
import { deleteEndedSessions, deleteOldestSessions, deleteSession, insertSession } from "./queries.ts";
import { newSessionToken } from "./token.ts";

interface SessionDeps {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
  passwords: Passwords;
  sessionHours: number;
  clientAddress: ClientAddress;
}

export function sessionRoutes(deps: SessionDeps): Router {
  const { db, authenticate, credentials, limits, passwords, sessionHours } = deps;
  const router = Router();

  router.post("/v1/sessions", async (req, res) => {
    limits.admitAnyone(req, res);
    const { email, password } = parse(NewSession, await readJson(req, bodyLimit), "body");
    // PostgreSQL takes no NUL; no account has one either.
    const found = email.includes("\0") ? null : await findCredentials(db, email);
    // Unknown address and wrong password: the same work, and the same answer.
    const isRight = await passwords.verify(password, found?.password_hash ?? null);
    if (!found || !isRight) {
      throw problem("credentials_invalid", "The e-mail address or the password is wrong.", {
        headers: { "WWW-Authenticate": "Bearer" },
      });
    }

    const token = newSessionToken();
    const session = await transaction(db.as(found.id), (tx) =>
      createSession(tx, {
        developerId: found.id,
        tokenHash: hashSecret(token),
        hours: sessionHours,
        requestId: requestId(req),
      }),
    );

    // The oldest session may have ended for it.
    credentials.forget(found.id);
    res.status(201).json({ token, expires_at: session.expires_at });
  });

  /** Signs out: ends the session that the request is sent with. */
  router.delete("/v1/sessions", async (req, res) => {
    const { developerId, actor } = await authenticate(req, res, "session");

    await transaction(db.as(developerId), async (tx) => {
      // Signing out twice at once is one change.
      if (!(await deleteSession(tx, actor.id))) return;
      await appendDeleted(tx, actor.id, { developerId, actor, requestId: requestId(req) });
    });

    credentials.forget(developerId);
    res.status(204).end();
  });

  return router;
}

async function createSession(
  tx: Queryable,
  { requestId, ...session }: { developerId: string; tokenHash: string; hours: number; requestId: string },
) {
  const { developerId } = session;
  const id = newId();
  const actor: AuditActor = { kind: "session", id };
  await deleteEndedSessions(tx, developerId);
  const ousted = await deleteOldestSessions(tx, developerId);
  const created = await insertSession(tx, { id, ...session });
  for (const old of ousted) await appendDeleted(tx, old.id, { developerId, actor, requestId });
  await appendOutbox(tx, {
    developerId,
    actor,
    requestId,
    action: "session.created",
    target: { type: "session", id },
    payload: created,
  });
  return created;
}

function appendDeleted(
  tx: Queryable,
  id: string,
  by: { developerId: string; actor: AuditActor; requestId: string },
): Promise<void> {
  return appendOutbox(tx, {
    ...by,
    action: "session.deleted",
    target: { type: "session", id },
    payload: { id },
  });
}
