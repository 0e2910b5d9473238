import { parse, problem, readJson, requestId } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { NewDeveloper } from "@mosis/types/developers";
import { Router } from "express";
import type { Authenticate } from "../auth.ts";
import { bodyLimit } from "../body-limit.ts";
import { appendOutbox } from "../outbox/append.ts";
import { everyone } from "../principal.ts";
import type { RateLimits } from "../rate-limits.ts";
import type { Passwords } from "./password.ts";
import { findDeveloper, insertDeveloper } from "./queries.ts";

export function developerRoutes({
  db,
  authenticate,
  limits,
  passwords,
}: {
  db: Pool;
  authenticate: Authenticate;
  limits: RateLimits;
  passwords: Passwords;
}): Router {
  const router = Router();

  router.post("/v1/developers", async (req, res) => {
    limits.admitAnyone(req, res);
    const { email, name, password } = parse(NewDeveloper, await readJson(req, bodyLimit), "body");
    const passwordHash = await passwords.hash(password);

    const developer = await transaction(db.as(everyone), async (tx) => {
      const created = await insertDeveloper(tx, { email, name, passwordHash });
      if (!created) {
        throw problem("email_taken", "There is an account with this address: sign in, or use another one.");
      }
      await appendOutbox(tx, {
        developerId: created.id,
        actor: { kind: "system", id: "" },
        requestId: requestId(req),
        action: "developer.created",
        target: { type: "developer", id: created.id },
        payload: created,
      });
      return created;
    });

    res.status(201).location("/v1/developers/me").json(developer);
  });

  router.get("/v1/developers/me", async (req, res) => {
    const { developerId } = await authenticate(req, res, "developer");
    res.json(await findDeveloper(db.as(developerId), developerId));
  });

  return router;
}
