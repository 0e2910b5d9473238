import { parse, type Problem, problem, requestId, sendPage, createRouter } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { AuditActor } from "@mosis/types/audit";
import { NewRestriction, type Restriction } from "@mosis/types/telemetry-restrictions";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { readExpiry } from "../../shared/expiry.ts";
import { isUuid } from "../../shared/identifier.ts";
import { appendAll, appendOutbox } from "../../changes/outbox/append.ts";
import { createPaging } from "../../shared/page-position.ts";
import { type Principal, reachOf, tenantOf } from "../../access/principal.ts";
import {
  countLocked,
  deleteEnded,
  deleteRestriction,
  findRestriction,
  insertRestriction,
  listRestrictions,
} from "./queries.ts";
import { requireMeaning, scopeOf } from "./scope.ts";
import { restrictionChange } from "./events.ts";

/** Of one creator: every ingest holds all of them in memory. */
const restrictionsMax = 100;

export function telemetryRestrictionRoutes(deps: { db: Pool; authenticate: Authenticate }): Router {
  const { db, authenticate } = deps;
  const router = createRouter();
  const paging = createPaging("telemetry-restrictions");

  router.post("/v1/telemetry-restrictions", async (req, res) => {
    const principal = await authenticate(req, res, "apps:write");
    const sent = await authenticate.body(req);
    const body = parse(NewRestriction, sent, "body");
    requireMeaning(body);
    const expiresAt = readExpiry(body.expires_at);

    const answer = await change(db, { req, principal, body: sent }, async (tx) => {
      const created = await create(tx, principal, body, { expiresAt, requestId: requestId(req) });
      const headers = { Location: `/v1/telemetry-restrictions/${created.id}` };
      return { status: 201, headers, body: created };
    });

    send(res, answer);
  });

  router.get("/v1/telemetry-restrictions", async (req, res) => {
    const principal = await authenticate(req, res, "apps:read");
    const page = paging.read(req.query);
    const rows = await listRestrictions(db.as(tenantOf(principal)), reachOf(principal), page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get("/v1/telemetry-restrictions/:id", async (req, res) => {
    const principal = await authenticate(req, res, "apps:read");
    const { id } = req.params;
    const row = isUuid(id) ? await findRestriction(db.as(tenantOf(principal)), reachOf(principal), id) : null;
    if (!row) throw missing();
    res.json(row);
  });

  /** Lifts it: gone here at once, and in ingest when the tombstone arrives. */
  router.delete("/v1/telemetry-restrictions/:id", async (req, res) => {
    const principal = await authenticate(req, res, "apps:write");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    await transaction(db.as(tenantOf(principal)), (tx) => lift(tx, principal, id, requestId(req)));

    res.status(204).end();
  });

  return router;
}

async function create(
  tx: Queryable,
  principal: Principal,
  body: NewRestriction,
  { expiresAt, requestId }: { expiresAt: string | null; requestId: string },
): Promise<Restriction> {
  const { developerId, actor } = principal;
  const scope = await scopeOf(tx, principal, body);
  const ended = await deleteEnded(tx, developerId);
  if ((await countLocked(tx, developerId)) >= restrictionsMax) {
    throw problem("state_conflict", `You have ${restrictionsMax} restrictions: lift one first.`);
  }
  const row = await insertRestriction(tx, { ...scope, createdBy: developerId, expiresAt }, body);
  const system: AuditActor = { kind: "system", id: "" };
  await appendAll(tx, [
    restrictionChange(row, { actor, requestId, what: "created" }),
    ...ended.map((gone) => restrictionChange(gone, { actor: system, requestId, what: "ended" })),
  ]);
  return row;
}

async function lift(tx: Queryable, principal: Principal, id: string, requestId: string): Promise<void> {
  const row = await deleteRestriction(tx, reachOf(principal), id);
  if (!row) throw missing();
  if (principal.role !== "admin" && row.created_by !== principal.developerId) {
    throw problem("permission_missing", "An admin has made this restriction, and only an admin lifts it.");
  }
  const { actor } = principal;
  await appendOutbox(tx, restrictionChange(row, { actor, requestId, what: "lifted" }));
}

function missing(): Problem {
  return problem("not_found", "There is no such restriction.");
}
