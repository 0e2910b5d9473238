import {
  etagOf,
  parse,
  problem,
  readJson,
  requestId,
  requireMatch,
  type RateLimits,
  createRouter,
} from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import { type Developer, DeveloperChange, type DeveloperId, NewDeveloper } from "@mosis/types/developers";
import type { Request, Router } from "express";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import { requireEmail } from "../../developers/canonical-email.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { everyone, holds, type Principal } from "../../access/principal.ts";
import { hashNewPassword } from "../passwords/new-password.ts";
import type { Passwords } from "../../sign-in/passwords/hashing.ts";
import { findDeveloper, insertDeveloper, lockDeveloper, updateName } from "../../developers/queries.ts";

export interface DeveloperDeps {
  db: Pool;
  authenticate: Authenticate;
  passwords: Passwords;
  limits: RateLimits;
  mails: { wake(): void };
}

export function developerRoutes(deps: DeveloperDeps): Router {
  const { db, authenticate, passwords, limits, mails } = deps;
  const router = createRouter();

  router.post("/v1/developers", async (req, res) => {
    limits.admitAnyone(req, res);
    const sent = parse(NewDeveloper, await readJson(req, anonymousBodyLimit), "body");
    const body = { ...sent, email: requireEmail(sent.email) };
    const passwordHash = await hashNewPassword(passwords, {
      ...{ password: body.password, owner: body, pointer: "/password" },
      asker: { req, account: body.email },
    });

    const developer = await transaction(db.as(everyone), (tx) =>
      register(tx, { ...body, passwordHash }, requestId(req)),
    );

    mails.wake();
    res.status(201).location("/v1/developers/me").set("ETag", tagOf(developer)).json(developer);
  });

  router.get("/v1/developers/me", async (req, res) => {
    const principal = await authenticate(req, res, "developer");
    const { developerId, appIds } = principal;
    const developer = await findDeveloper(db.as(developerId), developerId);
    if (!developer) throw credentialsInvalid();
    const { id, created_at } = developer;
    const isWhole = appIds === null && holds(principal, "account:read");
    const shown = isWhole ? developer : { id, created_at };
    res.set("ETag", tagOf(shown)).json(shown);
  });

  router.patch("/v1/developers/me", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { name } = parse(DeveloperChange, await authenticate.body(req), "body");

    const developer = await transaction(db.as(principal.developerId), (tx) =>
      rename(tx, req, { principal, name }),
    );

    res.set("ETag", tagOf(developer)).json(developer);
  });

  return router;
}

async function register(
  tx: Queryable,
  account: { email: string; name: string; passwordHash: string },
  requestId: string,
): Promise<Developer> {
  const created = await insertDeveloper(tx, account);
  if (!created) {
    throw problem("email_taken", "There is an account with this address: sign in, or use another one.");
  }
  const { id, email } = created;
  await insertMail(tx, { developerId: id, kind: "email_verification", recipient: email, requestId });
  await appendOutbox(tx, {
    developerId: id,
    actor: { kind: "system", id: "" },
    requestId,
    action: "developer.created",
    target: { type: "developer", id },
    payload: created,
  });
  return created;
}

async function rename(
  tx: Queryable,
  req: Request,
  { principal, name }: { principal: Principal; name: string },
): Promise<Developer> {
  const { developerId, actor } = principal;
  const current = await lockDeveloper(tx, developerId);
  if (!current) throw credentialsInvalid();
  requireMatch(req, tagOf(current));
  if (name === current.name) return current;
  const changed = await updateName(tx, developerId, name);
  await appendOutbox(tx, {
    developerId,
    actor,
    requestId: requestId(req),
    action: "developer.changed",
    target: { type: "developer", id: developerId },
    payload: changed,
  });
  return changed;
}

function tagOf(developer: Developer | DeveloperId): string {
  return etagOf(JSON.stringify(developer));
}
