import { insertJson } from "@mosis/clickhouse";
import { AuditEvent } from "@mosis/types/audit";
import { insertBisecting } from "./bisect.ts";
import type { Gathered } from "./gather.ts";
import type { StoreDeps } from "./insert.ts";
import { createJsonReader, type JsonRecord } from "./json-record.ts";

const readEvents = createJsonReader(AuditEvent);
const table = "audit_events_raw";

/** Stores the records of `audit.events`. */
export async function storeAudit(deps: StoreDeps, { batches, isStale }: Gathered): Promise<void> {
  const { store, deadLetter, retry, metrics } = deps;
  const { read, faults } = readEvents(batches);
  for (const [origin, fault] of faults) await deadLetter(origin, fault, isStale);

  await insertBisecting(
    read,
    async (part) => {
      const rows = part.flatMap(toRow);
      const insert = async () => {
        await insertJson(store, { table, rows });
        return { rows: rows.length };
      };
      await retry("Inserting audit events", () => metrics.inserting(table, rows.length, insert), isStale);
    },
    ({ origin }, fault) => deadLetter(origin, fault, isStale),
  );
}

/** A record without a value is a fault: the trail is never compacted, so nobody should have written one. */
function toRow({ value, position }: JsonRecord<AuditEvent>): Record<string, unknown>[] {
  if (!value) return [];
  const { actor, payload, ...event } = value;
  return [
    {
      event_id: event.event_id,
      developer_id: event.developer_id,
      position,
      occurred_at: event.occurred_at,
      actor_kind: actor.kind,
      actor_id: actor.id,
      action: event.action,
      target_type: event.target_type,
      target_id: event.target_id,
      request_id: event.request_id,
      payload: JSON.stringify(payload),
    },
  ];
}
