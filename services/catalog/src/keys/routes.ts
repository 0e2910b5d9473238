import { parse, problem, sendPage, type RateLimits, createRouter } from "@mosis/http";
import { type Queryable, transaction } from "@mosis/postgres";
import {
  KeyChange,
  KeyRotation,
  type KeyWithSecret,
  NewKey,
  type Permission,
  type PermissionList,
  permissions,
} from "@mosis/types/keys";
import type { Router } from "express";
import { lockOwnAppIds } from "../access/apps.ts";
import { type AccountCaps, requireRoomFor } from "../developers/account-caps.ts";
import { type Authenticate, bodyOptionsOf } from "../access/authenticate.ts";
import { change, send } from "../changes/change.ts";
import type { Credentials } from "../access/credentials.ts";
import { isUuid } from "../shared/identifier.ts";
import { createPaging } from "../shared/page-position.ts";
import type { Principal } from "../access/principal.ts";
import { requireRecent } from "../access/recent-sign-in.ts";
import { hashSecret } from "../shared/secret-hash.ts";
import {
  adoptKey,
  changeKey,
  confirmKey,
  createKey,
  missing,
  revokeKey,
  rotateKey,
  tagOf,
} from "./changes.ts";
import {
  grantable,
  grantedCidrs,
  grantedEventsPerSecond,
  grantedExpiry,
  grantedPermissions,
  requireWithinApps,
} from "./grant.ts";
import { findOwnKey, listOwnKeys } from "./queries.ts";
import { newSecret } from "./secret.ts";

const graceSecondsDefault = 86_400;

interface KeyDeps {
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
  caps: AccountCaps;
}

export function keyRoutes(deps: KeyDeps): Router {
  const { authenticate, limits } = deps;
  const router = createRouter();
  const paging = createPaging("keys");

  router.get("/v1/permissions", (req, res) => {
    limits.admitAnyone(req, res);
    res.set("Cache-Control", "public, max-age=3600").json(permissionList);
  });

  router.get("/v1/keys", async (req, res) => {
    const call = await authenticate(req, res, "keys:read");
    const { principal } = call;
    const page = paging.read(req.query);
    const rows = await listOwnKeys(call.db, principal, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get("/v1/keys/:id", async (req, res) => {
    const call = await authenticate(req, res, "keys:read");
    const { principal } = call;
    const key = isUuid(req.params.id) ? await findOwnKey(call.db, principal, req.params.id) : null;
    if (!key) throw missing();
    res.set("ETag", tagOf(key)).json(key);
  });

  addCreation(router, deps);
  addChanges(router, deps);
  addReleases(router, deps);
  return router;
}

function addCreation(router: Router, { authenticate, caps }: KeyDeps): void {
  router.post("/v1/keys", async (req, res) => {
    const call = await authenticate(req, res, "keys:write");
    const { principal } = call;
    const body = parse(NewKey, await authenticate.body(req), "body");
    const granted = {
      permissions: grantedPermissions(principal, body),
      expiresAt: grantedExpiry(principal, body),
      telemetryEventsPerSecond: grantedEventsPerSecond(principal, body.telemetry_events_per_second ?? null),
      cidrs: grantedCidrs(principal, body.cidrs ?? []),
    };
    requireWithinApps(principal, body);

    const answer = await change(call, { req, body }, async (tx) => {
      await requireRoomFor(tx, "keys", { developerId: principal.developerId, caps });
      const { secret, prefix } = newSecret(body.kind);
      const appIds = await appIdsOf(tx, principal, body);
      const { name, kind } = body;
      const { developerId } = principal;
      const row = { developerId, name, kind, hash: hashSecret(secret), prefix, appIds, ...granted };
      const key = await createKey(tx, call, row);
      // The secret is shown only this time.
      const shown: KeyWithSecret = { ...key, secret };
      return { status: 201, headers: { Location: `/v1/keys/${key.id}`, ETag: tagOf(key) }, body: shown };
    });

    send(res, answer);
  });
}

/** Adds changes of keys. They are in force here at once, and elsewhere when the state message arrives. */
function addChanges(router: Router, { authenticate, credentials }: KeyDeps): void {
  router.patch("/v1/keys/:id", async (req, res) => {
    const call = await authenticate(req, res, "keys:write");
    const { principal } = call;
    const body = parse(KeyChange, await authenticate.body(req), "body");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const key = await transaction(call.db, (tx) => changeKey(tx, call, id, body));

    credentials.forget(principal.developerId);
    res.set("ETag", tagOf(key)).json(key);
  });

  router.post<{ id: string }>("/v1/keys/:id\\:rotate", async (req, res) => {
    const call = await authenticate(req, res, "keys:write");
    const { principal } = call;
    const body = parse(KeyRotation, await authenticate.body(req, bodyOptionsOf(KeyRotation)), "body");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const answer = await change(call, { req, body }, async (tx) => {
      const kind = (await findOwnKey(tx, principal, id))?.kind;
      if (!kind) throw missing();
      const { secret, prefix } = newSecret(kind);
      const graceSeconds = body.grace_seconds ?? graceSecondsDefault;
      const rotation = { hash: hashSecret(secret), prefix, graceSeconds };
      const key = await rotateKey(tx, call, id, rotation);
      const shown: KeyWithSecret = { ...key, secret };
      return { status: 200, headers: { ETag: tagOf(key) }, body: shown };
    });

    credentials.forget(principal.developerId);
    send(res, answer);
  });

  router.delete("/v1/keys/:id", async (req, res) => {
    const call = await authenticate(req, res, "keys:write");
    const { principal } = call;
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    await transaction(call.db, (tx) => revokeKey(tx, call, id));

    credentials.forget(principal.developerId);
    res.status(204).end();
  });
}

/** Adds actions of sessions only: no key may release a key from quarantine, or from the one that made it. */
function addReleases(router: Router, { authenticate, credentials }: KeyDeps): void {
  router.post<{ id: string }>("/v1/keys/:id\\:confirm", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const answer = await change(call, { req }, async (tx) => {
      await requireRecent(tx, principal);
      const key = await confirmKey(tx, call, id);
      return { status: 200, headers: { ETag: tagOf(key) }, body: key };
    });

    credentials.forget(principal.developerId);
    send(res, answer);
  });

  router.post<{ id: string }>("/v1/keys/:id\\:adopt", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const answer = await change(call, { req }, async (tx) => {
      const key = await adoptKey(tx, call, id);
      return { status: 200, headers: { ETag: tagOf(key) }, body: key };
    });

    credentials.forget(principal.developerId);
    send(res, answer);
  });
}

const permissionList: PermissionList = {
  data: Object.entries(permissions).map(([permission, allows]) => ({
    permission,
    allows,
    kinds: (["ingest", "management"] as const).filter((kind) =>
      grantable[kind].includes(permission as Permission),
    ),
  })),
};

async function appIdsOf(
  tx: Queryable,
  principal: Principal,
  { package_ids }: NewKey,
): Promise<string[] | null> {
  if (package_ids === undefined) return null;
  const apps = await lockOwnAppIds(tx, principal, package_ids);
  const own = new Set(apps.map((app) => app.package_id));
  const errors = package_ids.flatMap((packageId, index) =>
    own.has(packageId)
      ? []
      : [{ pointer: `/package_ids/${index}`, code: "app_unknown", message: "is not one of your apps" }],
  );
  if (errors.length > 0) throw problem("reference_unknown", "Some of the apps do not exist.", { errors });
  return apps.map((app) => app.id);
}
