import { parse, type Problem, problem, readJson, requestId, sendPage } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { AuditActor } from "@mosis/types/audit";
import { NewRestriction, type Restriction, type RestrictionState } from "@mosis/types/telemetry-restrictions";
import { topics } from "@mosis/types/topics";
import { Router } from "express";
import type { Authenticate } from "../auth.ts";
import { bodyLimit } from "../body-limit.ts";
import { change, send } from "../change.ts";
import { readExpiry } from "../expiry.ts";
import { isUuid } from "../identifier.ts";
import { appendOutbox } from "../outbox/append.ts";
import { createPaging } from "../page-position.ts";
import { type Principal, reachOf, tenantOf } from "../principal.ts";
import {
  countLocked,
  deleteEnded,
  deleteRestriction,
  findRestriction,
  insertRestriction,
  listRestrictions,
} from "./queries.ts";
import { requireMeaning, scopeOf } from "./scope.ts";

/** Of one creator: every ingest holds all of them in memory. */
const restrictionsMax = 100;

export function telemetryRestrictionRoutes(deps: { db: Pool; authenticate: Authenticate }): Router {
  const { db, authenticate } = deps;
  const router = Router();
  const paging = createPaging("telemetry-restrictions");

  router.post("/v1/telemetry-restrictions", async (req, res) => {
    const principal = await authenticate(req, res, "apps:write");
    const sent = await readJson(req, bodyLimit);
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
  const changes = [
    { row, told: { actor, requestId, what: "created" } as const },
    ...ended.map((gone) => ({ row: gone, told: { actor: system, requestId, what: "ended" } as const })),
  ];
  // Each takes the lock of a developer: in one order, so that no two of these wait for each other.
  changes.sort((a, b) => (trailOf(a.row) < trailOf(b.row) ? -1 : 1));
  for (const change of changes) await tell(tx, change.row, change.told);
  return row;
}

async function lift(tx: Queryable, principal: Principal, id: string, requestId: string): Promise<void> {
  const row = await deleteRestriction(tx, reachOf(principal), id);
  if (!row) throw missing();
  if (principal.role !== "admin" && row.created_by !== principal.developerId) {
    throw problem("permission_missing", "An admin has made this restriction, and only an admin lifts it.");
  }
  const { actor } = principal;
  await tell(tx, row, { actor, requestId, what: "lifted" });
}

interface Told {
  actor: AuditActor;
  requestId: string;
  what: "created" | "lifted" | "ended";
}

/** The state for ingest, and the audit event in the trail of whose apps it is about. */
async function tell(tx: Queryable, row: Restriction, { actor, requestId, what }: Told): Promise<void> {
  await appendOutbox(tx, {
    developerId: trailOf(row),
    actor,
    requestId,
    action: `telemetry_restriction.${what}`,
    target: { type: "telemetry_restriction", id: row.id },
    payload: row,
    state: { topic: topics.restrictions, key: row.id, value: what === "created" ? stateOf(row) : null },
  });
}

/** Whose audit trail tells of it. */
function trailOf({ developer_id, created_by }: Restriction): string {
  return developer_id ?? created_by;
}

function stateOf(row: Restriction): RestrictionState {
  const { id, developer_id, app_id, key_id, event_name, action, rate, expires_at } = row;
  return { restriction_id: id, developer_id, app_id, key_id, event_name, action, rate, expires_at };
}

function missing(): Problem {
  return problem("not_found", "There is no such restriction.");
}
