import { parse, problem, readJson, requestId } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { NewApp } from "@mosis/types/apps";
import { topics } from "@mosis/types/topics";
import { Router } from "express";
import type { Authenticate } from "../auth.ts";
import { bodyLimit } from "../body-limit.ts";
import { isPackageId } from "../identifier.ts";
import { appendOutbox } from "../outbox/append.ts";
import { createPaging } from "../page-position.ts";
import { tenantOf } from "../principal.ts";
import { findOwnApp, insertApp, listOwnApps, readAppState } from "./queries.ts";

export function appRoutes({ db, authenticate }: { db: Pool; authenticate: Authenticate }): Router {
  const router = Router();
  const paging = createPaging("apps");

  router.post("/v1/apps", async (req, res) => {
    const principal = await authenticate(req, res, "apps:write");
    const body = parse(NewApp, await readJson(req, bodyLimit), "body");
    if (principal.appIds !== null) {
      throw problem(
        "permission_missing",
        "The key serves listed apps alone: create apps with one for every app.",
      );
    }

    const { developerId, actor } = principal;
    const app = await transaction(db.as(tenantOf(principal)), async (tx) => {
      const created = await insertApp(tx, developerId, body);
      if (!created)
        throw problem("package_id_taken", `${body.package_id} is taken: choose another package_id.`);
      const state = await readAppState(tx, created.id);
      // Same transaction as the insert: an app without its audit event must be impossible.
      await appendOutbox(tx, {
        developerId,
        actor,
        requestId: requestId(req),
        action: "app.created",
        target: { type: "app", id: created.id },
        payload: created,
        state: { topic: topics.apps, key: created.id, value: state },
      });
      return created;
    });

    res.status(201).location(`/v1/apps/${app.package_id}`).json(app);
  });

  router.get("/v1/apps", async (req, res) => {
    const principal = await authenticate(req, res, "apps:read");
    const page = paging.read(req.query);
    const rows = await listOwnApps(db.as(tenantOf(principal)), principal, page);
    res.json(paging.answer(rows, page));
  });

  router.get("/v1/apps/:package_id", async (req, res) => {
    const principal = await authenticate(req, res, "apps:read");
    const id = req.params.package_id;
    const app = isPackageId(id) ? await findOwnApp(db.as(tenantOf(principal)), principal, id) : null;
    if (!app) throw problem("not_found", "There is no such app.");
    res.json(app);
  });

  return router;
}
