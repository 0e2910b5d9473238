import type { Queryable } from "@mosis/postgres";
import type { SecondFactor } from "@mosis/types/second-factors";
import { credentialsInvalid } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { reauthenticateSession } from "../sessions/queries.ts";

/**
 * Makes the session that asks a recent one. Last in its transaction: see `record`.
 * @param events what proving the factor has done, for the audit trail.
 * @throws Problem `credentials_invalid` (401) when the session has ended.
 */
export async function makeRecent(
  tx: Queryable,
  call: Call,
  factor: SecondFactor | null,
  events: readonly Event[],
) {
  const { id } = call.principal.actor;
  const recent = await reauthenticateSession(tx, id, factor);
  if (!recent) throw credentialsInvalid();
  await record(tx, authorOf(call), ...events, {
    action: "session.reauthenticated",
    target: { type: "session", id },
    payload: { id, second_factor: factor, ...recent },
  });
  return recent;
}
