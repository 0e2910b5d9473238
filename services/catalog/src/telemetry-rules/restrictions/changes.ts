import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { NewRestriction, Restriction } from "@mosis/types/telemetry-restrictions";
import type { Call } from "../../access/call.ts";
import { reachOf } from "../../access/principal.ts";
import { authorOf, record, systemActor } from "../../changes/outbox/record.ts";
import { restrictionEvent } from "./events.ts";
import { countLocked, deleteEnded, deleteRestriction, insertRestriction } from "./queries.ts";
import { scopeOf } from "./scope.ts";

/**
 * The limit of one creator. Every ingest holds all restrictions in memory.
 * @limit restrictions of a creator
 */
const restrictionsMax = 100;

export async function createRestriction(
  tx: Queryable,
  call: Call,
  body: NewRestriction,
  expiresAt: string | null,
): Promise<Restriction> {
  const { developerId } = call.principal;
  const scope = await scopeOf(tx, call.principal, body);
  const ended = await deleteEnded(tx, developerId);
  if ((await countLocked(tx, developerId)) >= restrictionsMax) {
    throw problem("state_conflict", `You have ${restrictionsMax} restrictions; lift one first.`);
  }
  const row = await insertRestriction(tx, { ...scope, createdBy: developerId, expiresAt }, body);
  await record(
    tx,
    authorOf(call),
    restrictionEvent(row, "created"),
    ...ended.map((gone) => ({ ...restrictionEvent(gone, "ended"), actor: systemActor })),
  );
  return row;
}

/** Deletes a restriction. Ingest stops to apply it when the state without a value arrives. */
export async function liftRestriction(tx: Queryable, call: Call, id: string): Promise<void> {
  const { principal } = call;
  const row = await deleteRestriction(tx, reachOf(principal), id);
  if (!row) throw missingRestriction();
  if (principal.role !== "admin" && row.created_by !== principal.developerId) {
    throw problem("permission_missing", "An admin has made this restriction, so only an admin may lift it.");
  }
  await record(tx, authorOf(call), restrictionEvent(row, "lifted"));
}

export function missingRestriction(): Problem {
  return problem("not_found", "There is no such restriction.");
}
