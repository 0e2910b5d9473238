import { createCursors, pageOf, parse, sendPage, createRouter } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { PageQuery } from "@mosis/types/pages";
import { NewVersion, PermissionDiffQuery, VersionChange, VersionCode } from "@mosis/types/versions";
import type { Router } from "express";
import { findAppDeveloper, missingApp } from "../../access/apps.ts";
import { type Authenticate, bodyOptionsOf } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { isPackageId, versionCodeOf } from "../../shared/identifier.ts";
import { type Principal, reachOf, tenantOf, viewerOf } from "../../access/principal.ts";
import { developerActions } from "./actions.ts";
import * as changes from "./changes.ts";
import { missingVersion } from "./missing.ts";
import { requirePublicUrl } from "./package-url.ts";
import { permissionDiff } from "./permission-diff.ts";
import { findPublishedBelow, findVersion, listVersions } from "./queries.ts";
import { tagOf, versionFor } from "./version.ts";

type Params = { package_id: string; version_code: string };

const list = "/v1/apps/:package_id/versions";
const path = `${list}/:version_code`;

interface Deps {
  db: Pool;
  authenticate: Authenticate;
}

export function versionRoutes(deps: Deps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveChanges(router, deps);
  serveActions(router, deps);
  return router;
}

function serveReads(router: Router, { db, authenticate }: Deps): void {
  const cursors = createCursors("versions", VersionCode);

  router.get<{ package_id: string }>(list, async (req, res) => {
    const principal = await authenticate(req, res, "versions:read");
    const { limit = 50, cursor } = parse(PageQuery, req.query, "query");
    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const own = db.as(tenantOf(principal));
    const app = await findAppDeveloper(own, reachOf(principal), packageIdOf(req.params));
    if (!app) throw missingApp();
    const rows = await listVersions(own, { appId: app.id, behind, limit });
    const viewer = viewerOf(principal, app.developer_id);
    const items = rows.map((row) => ({ item: versionFor(viewer, row), position: row.version_code }));
    sendPage(res, pageOf(items, limit, cursors));
  });

  router.get<Params>(path, async (req, res) => {
    const principal = await authenticate(req, res, "versions:read");
    const row = await readRow(db, principal, idsOf(req.params));
    const version = versionFor(viewerOf(principal, row.developer_id), row);
    res.set("ETag", tagOf(version)).json(version);
  });

  router.get<Params>(`${path}/permission-diff`, async (req, res) => {
    const principal = await authenticate(req, res, "versions:read");
    const { against: code } = parse(PermissionDiffQuery, req.query, "query");
    const ids = idsOf(req.params);
    const version = await readRow(db, principal, ids);
    const against =
      code === undefined
        ? await findPublishedBelow(db.as(tenantOf(principal)), version.app_id, version.version_code)
        : await readRow(db, principal, { ...ids, code });
    res.json(permissionDiff(version, against));
  });
}

function serveChanges(router: Router, { db, authenticate }: Deps): void {
  router.post<{ package_id: string }>(list, async (req, res) => {
    const principal = await authenticate(req, res, "versions:write");
    const body = parse(NewVersion, await authenticate.body(req), "body");
    requirePublicUrl(body.package_url);
    const packageId = packageIdOf(req.params);

    const answer = await change(db, { req, principal, body }, async (tx) => {
      const created = await changes.createVersion(tx, { req, principal, packageId }, body);
      const Location = `/v1/apps/${packageId}/versions/${created.version_code}`;
      return { status: 201, headers: { Location, ETag: tagOf(created) }, body: created };
    });

    send(res, answer);
  });

  router.patch<Params>(path, async (req, res) => {
    const principal = await authenticate(req, res, "versions:write");
    const body = parse(VersionChange, await authenticate.body(req), "body");
    if (body.package_url !== undefined) requirePublicUrl(body.package_url);
    const asked = { req, principal, ...idsOf(req.params) };

    const version = await transaction(db.as(tenantOf(principal)), (tx) =>
      changes.changeVersion(tx, asked, body),
    );

    res.set("ETag", tagOf(version)).json(version);
  });

  router.delete<Params>(path, async (req, res) => {
    const principal = await authenticate(req, res, "versions:write");
    const asked = { req, principal, ...idsOf(req.params) };

    await transaction(db.as(tenantOf(principal)), (tx) => changes.deleteVersion(tx, asked));

    res.status(204).end();
  });
}

function serveActions(router: Router, { db, authenticate }: Deps): void {
  for (const action of developerActions) {
    router.post<Params>(`${path}\\:${action.name}`, async (req, res) => {
      const principal = await authenticate(req, res, "versions:write");
      const body = action.body ? await authenticate.body(req, bodyOptionsOf(action.body)) : undefined;
      const apply = action.prepare(body);
      const asked = { req, principal, ...idsOf(req.params) };

      const answer = await change(db, { req, principal, body }, async (tx) => {
        const version = await changes.actOnVersion(tx, asked, action, apply);
        return { status: 200, headers: { ETag: tagOf(version) }, body: version };
      });

      send(res, answer);
    });
  }
}

async function readRow(db: Pool, principal: Principal, ids: { packageId: string; code: number }) {
  const row = await findVersion(db.as(tenantOf(principal)), reachOf(principal), ids.packageId, ids.code);
  if (!row) throw missingVersion();
  return row;
}

function packageIdOf({ package_id: id }: { package_id: string }): string {
  if (!isPackageId(id)) throw missingApp();
  return id;
}

/** A path that no version can have is answered like a version that is not there. */
function idsOf({ package_id: packageId, version_code }: Params): { packageId: string; code: number } {
  const code = versionCodeOf(version_code);
  if (!isPackageId(packageId) || code === null) throw missingVersion();
  return { packageId, code };
}
