import { createCursors, pageOf, parse, sendPage, createRouter } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { PageQuery } from "@mosis/types/pages";
import { NewVersion, PermissionDiffQuery, VersionChange, VersionCode } from "@mosis/types/versions";
import type { Router } from "express";
import { findAppDeveloper, missingApp } from "../../access/apps.ts";
import { type Authenticate, bodyOptionsOf } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { change, send } from "../../changes/change.ts";
import { isPackageId, versionCodeOf } from "../../shared/identifier.ts";
import { reachOf, viewerOf } from "../../access/principal.ts";
import { developerActions } from "./actions.ts";
import * as changes from "./changes.ts";
import { requirePublicUrl } from "./package-url.ts";
import { permissionDiff } from "./permission-diff.ts";
import { findPublishedBelow, findVersion, listVersions } from "./queries.ts";
import { missingVersion, tagOf, versionFor } from "./version.ts";

type Params = { package_id: string; version_code: string };

const list = "/v1/apps/:package_id/versions";
const path = `${list}/:version_code`;

interface Deps {
  authenticate: Authenticate;
}

export function versionRoutes(deps: Deps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveChanges(router, deps);
  serveActions(router, deps);
  return router;
}

function serveReads(router: Router, { authenticate }: Deps): void {
  const cursors = createCursors("versions", VersionCode);

  router.get<{ package_id: string }>(list, async (req, res) => {
    const call = await authenticate(req, res, "versions:read");
    const { principal } = call;
    const { limit = 50, cursor } = parse(PageQuery, req.query, "query");
    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const app = await findAppDeveloper(call.db, reachOf(principal), packageIdOf(req.params));
    if (!app) throw missingApp();
    const rows = await listVersions(call.db, { appId: app.id, behind, limit });
    const viewer = viewerOf(principal, app.developer_id);
    const items = rows.map((row) => ({ item: versionFor(viewer, row), position: row.version_code }));
    sendPage(res, pageOf(items, limit, cursors));
  });

  router.get<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "versions:read");
    const row = await readRow(call, idOf(req.params));
    const version = versionFor(viewerOf(call.principal, row.developer_id), row);
    res.set("ETag", tagOf(version)).json(version);
  });

  router.get<Params>(`${path}/permission-diff`, async (req, res) => {
    const call = await authenticate(req, res, "versions:read");
    const { against: code } = parse(PermissionDiffQuery, req.query, "query");
    const id = idOf(req.params);
    const version = await readRow(call, id);
    const against =
      code === undefined
        ? await findPublishedBelow(call.db, version.app_id, version.version_code)
        : await readRow(call, { ...id, code });
    res.json(permissionDiff(version, against));
  });
}

function serveChanges(router: Router, { authenticate }: Deps): void {
  router.post<{ package_id: string }>(list, async (req, res) => {
    const call = await authenticate(req, res, "versions:write");
    const body = parse(NewVersion, await authenticate.body(req), "body");
    requirePublicUrl(body.package_url);
    const packageId = packageIdOf(req.params);

    const answer = await change(call, { req, body }, async (tx) => {
      const created = await changes.createVersion(tx, call, packageId, body);
      const Location = `/v1/apps/${packageId}/versions/${created.version_code}`;
      return { status: 201, headers: { Location, ETag: tagOf(created) }, body: created };
    });

    send(res, answer);
  });

  router.patch<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "versions:write");
    const body = parse(VersionChange, await authenticate.body(req), "body");
    if (body.package_url !== undefined) requirePublicUrl(body.package_url);
    const id = idOf(req.params);

    const version = await transaction(call.db, (tx) => changes.changeVersion(tx, call, id, body));

    res.set("ETag", tagOf(version)).json(version);
  });

  router.delete<Params>(path, async (req, res) => {
    const call = await authenticate(req, res, "versions:write");
    const id = idOf(req.params);

    await transaction(call.db, (tx) => changes.deleteVersion(tx, call, id));

    res.status(204).end();
  });
}

function serveActions(router: Router, { authenticate }: Deps): void {
  for (const action of developerActions) {
    router.post<Params>(`${path}\\:${action.name}`, async (req, res) => {
      const call = await authenticate(req, res, "versions:write");
      const body = action.body ? await authenticate.body(req, bodyOptionsOf(action.body)) : undefined;
      const apply = action.prepare(body);
      const id = idOf(req.params);

      const answer = await change(call, { req, body }, async (tx) => {
        const version = await changes.actOnVersion(tx, call, id, { action, apply });
        return { status: 200, headers: { ETag: tagOf(version) }, body: version };
      });

      send(res, answer);
    });
  }
}

async function readRow({ db, principal }: Call, { packageId, code }: { packageId: string; code: number }) {
  const row = await findVersion(db, reachOf(principal), packageId, code);
  if (!row) throw missingVersion();
  return row;
}

function packageIdOf({ package_id: id }: { package_id: string }): string {
  if (!isPackageId(id)) throw missingApp();
  return id;
}

/** A path that cannot belong to any version gets the same answer as a missing version. */
function idOf({ package_id: packageId, version_code }: Params): { packageId: string; code: number } {
  const code = versionCodeOf(version_code);
  if (!isPackageId(packageId) || code === null) throw missingVersion();
  return { packageId, code };
}
