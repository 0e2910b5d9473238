import { createRouter, parse, sendPage } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { AppChange, NewApp } from "@mosis/types/apps";
import type { Router } from "express";
import { type AccountCaps, requireRoomFor } from "../../developers/account-caps.ts";
import { type Authenticate, bodyOptionsOf } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import type { Credentials } from "../../access/credentials.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import { reachOf, requireEveryApp, viewerOf } from "../../access/principal.ts";
import { appActions } from "./actions.ts";
import { appFor, appSummaryFor, tagOf } from "./app.ts";
import * as changes from "./changes.ts";
import { missingApp } from "../../access/apps.ts";
import { findApp, listOwnApps } from "./queries.ts";

interface Deps {
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  caps: AccountCaps;
}

const path = "/v1/apps/:package_id";

type Params = { package_id: string };

export function appRoutes(deps: Deps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveChanges(router, deps);
  serveActions(router, deps);
  return router;
}

function serveReads(router: Router, { authenticate }: Deps): void {
  const paging = createPaging("apps");

  router.get("/v1/apps", async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const { principal } = call;
    const page = paging.read(req.query);
    const rows = await listOwnApps(call.db, principal, page);
    const viewer = viewerOf(principal, principal.developerId);
    sendPage(
      res,
      paging.answer(rows, page, (row) => appSummaryFor(viewer, row)),
    );
  });

  router.get<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const { principal } = call;
    const row = await findApp(call.db, reachOf(principal), packageIdOf(req.params));
    if (!row) throw missingApp();
    const app = appFor(viewerOf(principal, row.developer_id), row);
    res.set("ETag", tagOf(app)).json(app);
  });
}

function serveChanges(router: Router, { authenticate, credentials, caps }: Deps): void {
  router.post("/v1/apps", async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const { principal } = call;
    const body = parse(NewApp, await authenticate.body(req), "body");
    requireEveryApp(principal, "create apps with a key for every app.");

    const answer = await change(call, { req, body }, async (tx) => {
      await requireRoomFor(tx, "apps", { developerId: principal.developerId, caps });
      const app = await changes.createApp(tx, call, body);
      const headers = { Location: `/v1/apps/${app.package_id}`, ETag: tagOf(app) };
      return { status: 201, headers, body: app };
    });

    send(res, answer);
  });

  router.patch<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const body = parse(AppChange, await authenticate.body(req), "body");
    const packageId = packageIdOf(req.params);

    const app = await transaction(call.db, (tx) => changes.changeApp(tx, call, packageId, body));

    res.set("ETag", tagOf(app)).json(app);
  });

  router.delete<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const packageId = packageIdOf(req.params);

    await transaction(call.db, (tx) => changes.deleteApp(tx, call, packageId));

    // Keys that served only this app are deleted with it.
    credentials.forget(call.principal.developerId);
    res.status(204).end();
  });
}

function serveActions(router: Router, { authenticate }: Deps): void {
  for (const action of appActions) {
    router.post<Params>(`${path}\\:${action.name}`, async (req, res) => {
      const call = await authenticate(req, res, action.access);
      const body = action.body ? await authenticate.body(req, bodyOptionsOf(action.body)) : undefined;
      const apply = action.prepare(body);
      const packageId = packageIdOf(req.params);

      const answer = await change(call, { req, body }, async (tx) => {
        const app = await changes.actOnApp(tx, call, packageId, { action, apply });
        return { status: 200, headers: { ETag: tagOf(app) }, body: app };
      });

      send(res, answer);
    });
  }
}

/** A path that cannot belong to any app gets the same answer as a missing app. */
function packageIdOf({ package_id: id }: Params): string {
  if (!isPackageId(id)) throw missingApp();
  return id;
}
