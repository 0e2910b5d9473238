import { parse, type Problem, problem, readJson, requestId } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import { type Key, type KeyState, type KeyWithSecret, NewKey } from "@mosis/types/keys";
import { topics } from "@mosis/types/topics";
import { Router } from "express";
import { lockOwnAppIds } from "../apps/queries.ts";
import type { Authenticate } from "../auth.ts";
import { bodyLimit } from "../body-limit.ts";
import { isUuid } from "../identifier.ts";
import { appendOutbox } from "../outbox/append.ts";
import { createPaging } from "../page-position.ts";
import { type Principal, tenantOf } from "../principal.ts";
import { hashSecret } from "../secret-hash.ts";
import { grantedEventsPerSecond, grantedExpiry, grantedPermissions, requireWithinApps } from "./grant.ts";
import { deleteOwnKey, findOwnKey, insertKey, listOwnKeys, type NewKeyRow } from "./queries.ts";
import { newSecret } from "./secret.ts";

export function keyRoutes({ db, authenticate }: { db: Pool; authenticate: Authenticate }): Router {
  const router = Router();
  const paging = createPaging("keys");

  router.post("/v1/keys", async (req, res) => {
    const principal = await authenticate(req, res, "keys:write");
    const body = parse(NewKey, await readJson(req, bodyLimit), "body");
    const permissions = grantedPermissions(principal, body);
    const expiresAt = grantedExpiry(principal, body);
    const telemetryEventsPerSecond = grantedEventsPerSecond(principal, body);
    requireWithinApps(principal, body);
    const { secret, prefix } = newSecret(body.kind);

    const key = await transaction(db.as(tenantOf(principal)), async (tx) => {
      const appIds = await appIdsOf(tx, principal, body);
      const { developerId } = principal;
      const { name, kind } = body;
      const hash = hashSecret(secret);
      const granted = { permissions, appIds, expiresAt, telemetryEventsPerSecond };
      const row = { developerId, name, kind, hash, prefix, ...granted };
      return createKey(tx, principal, { row, requestId: requestId(req) });
    });

    // The only time that the secret is told.
    const answer: KeyWithSecret = { ...key, secret };
    res.status(201).location(`/v1/keys/${key.id}`).json(answer);
  });

  router.get("/v1/keys", async (req, res) => {
    const principal = await authenticate(req, res, "keys:read");
    const page = paging.read(req.query);
    const rows = await listOwnKeys(db.as(tenantOf(principal)), principal, page);
    res.json(paging.answer(rows, page));
  });

  router.get("/v1/keys/:id", async (req, res) => {
    const principal = await authenticate(req, res, "keys:read");
    const key = isUuid(req.params.id)
      ? await findOwnKey(db.as(tenantOf(principal)), principal, req.params.id)
      : null;
    if (!key) throw missing();
    res.json(key);
  });

  /** Revokes: gone here at once, and everywhere else when the tombstone arrives. */
  router.delete("/v1/keys/:id", async (req, res) => {
    const principal = await authenticate(req, res, "keys:write");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    await transaction(db.as(tenantOf(principal)), (tx) =>
      revokeKey(tx, principal, { id, requestId: requestId(req) }),
    );

    res.status(204).end();
  });

  return router;
}

async function createKey(
  tx: Queryable,
  principal: Principal,
  { row, requestId }: { row: NewKeyRow; requestId: string },
): Promise<Key> {
  const { id } = await insertKey(tx, row);
  const created = await findOwnKey(tx, principal, id);
  if (!created) throw new Error("A key was made that its maker cannot see.");
  await appendOutbox(tx, {
    developerId: principal.developerId,
    actor: principal.actor,
    requestId,
    action: "key.created",
    target: { type: "key", id },
    payload: created,
    state: { topic: topics.keys, key: id, value: stateOf(id, row) },
  });
  return created;
}

async function revokeKey(
  tx: Queryable,
  principal: Principal,
  { id, requestId }: { id: string; requestId: string },
): Promise<void> {
  const deleted = await deleteOwnKey(tx, principal, id);
  if (!deleted) throw missing();
  await appendOutbox(tx, {
    developerId: principal.developerId,
    actor: principal.actor,
    requestId,
    action: "key.deleted",
    target: { type: "key", id: deleted.id },
    payload: deleted,
    state: { topic: topics.keys, key: deleted.id, value: null },
  });
}

function missing(): Problem {
  return problem("not_found", "There is no such key.");
}

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
      : [{ pointer: `/package_ids/${index}`, code: "app_unknown", message: "is not an app of yours" }],
  );
  if (errors.length > 0) throw problem("reference_unknown", "Some of the apps do not exist.", { errors });
  return apps.map((app) => app.id);
}

function stateOf(id: string, row: NewKeyRow): Required<KeyState> {
  return {
    key_id: id,
    key_hash: row.hash,
    kind: row.kind,
    developer_id: row.developerId,
    permissions: [...row.permissions],
    app_ids: row.appIds,
    expires_at: row.expiresAt,
    telemetry_events_per_second: row.telemetryEventsPerSecond,
  };
}
