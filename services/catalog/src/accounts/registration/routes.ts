import { createRouter, parse, type RateLimits, readJson } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { DeveloperChange, NewDeveloper } from "@mosis/types/developers";
import type { Router } from "express";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import type { SenderOf } from "../../access/call.ts";
import { everyone, holds } from "../../access/principal.ts";
import { requireEmail } from "../../developers/canonical-email.ts";
import { findDeveloper } from "../../developers/queries.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import type { Passwords } from "../../sign-in/passwords/hashing.ts";
import { hashNewPassword } from "../passwords/new-password.ts";
import { registerDeveloper, renameDeveloper, tagOf } from "./changes.ts";

export interface DeveloperDeps {
  db: Pool;
  authenticate: Authenticate;
  senderOf: SenderOf;
  passwords: Passwords;
  limits: RateLimits;
  mails: { wake(): void };
}

export function developerRoutes(deps: DeveloperDeps): Router {
  const { db, authenticate, senderOf, passwords, limits, mails } = deps;
  const router = createRouter();

  router.post("/v1/developers", async (req, res) => {
    limits.admitAnyone(req, res);
    const sent = parse(NewDeveloper, await readJson(req, anonymousBodyLimit), "body");
    const body = { ...sent, email: requireEmail(sent.email) };
    const sender = senderOf(req);
    const passwordHash = await hashNewPassword(passwords, {
      password: body.password,
      owner: body,
      pointer: "/password",
      asker: { address: sender.address, account: body.email },
    });

    const developer = await transaction(db.as(everyone), (tx) =>
      registerDeveloper(tx, { ...body, passwordHash }, sender.requestId),
    );

    mails.wake();
    res.status(201).location("/v1/developers/me").set("ETag", tagOf(developer)).json(developer);
  });

  router.get("/v1/developers/me", async (req, res) => {
    const call = await authenticate(req, res, "developer");
    const { principal } = call;
    const { developerId, appIds } = principal;
    const developer = await findDeveloper(db.as(developerId), developerId);
    if (!developer) throw credentialsInvalid();
    const { id, created_at } = developer;
    const isWhole = appIds === null && holds(principal, "account:read");
    const shown = isWhole ? developer : { id, created_at };
    res.set("ETag", tagOf(shown)).json(shown);
  });

  router.patch("/v1/developers/me", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { name } = parse(DeveloperChange, await authenticate.body(req), "body");

    const own = db.as(call.principal.developerId);
    const developer = await transaction(own, (tx) => renameDeveloper(tx, call, name));

    res.set("ETag", tagOf(developer)).json(developer);
  });

  return router;
}
