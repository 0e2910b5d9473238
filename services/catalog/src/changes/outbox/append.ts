import { execute, type Queryable, sql } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AuditActor, AuditEvent } from "@mosis/types/audit";
import type { ErasureRequest } from "@mosis/types/erasures";
import { type Topic, topics } from "@mosis/types/topics";

/**
 * The row that a topic has to tell of. The database writes the message (`fill_outbox_row` of the migrations):
 * the whole state of the row as the transaction leaves it, or nothing when the row is gone. So what is
 * announced is what is stored, whoever appends. Of an erasure the table has only a hash, so its install id
 * comes along.
 */
type StateMessage =
  | { topic: typeof topics.apps | typeof topics.keys | typeof topics.restrictions; key: string }
  | { topic: typeof topics.erasures; key: string; value: Pick<ErasureRequest, "install_id"> };

export interface Change {
  /** Whose audit trail it belongs to. */
  developerId: string;
  actor: AuditActor;
  requestId: string;
  /** `<resource>.<past participle>`, e.g. `app.created`. */
  action: string;
  target: { type: string; id: string };
  /** The resource after the change, never a secret. */
  payload: Record<string, unknown>;
  state?: StateMessage;
}

/**
 * Writes the audit events and state messages of changes, to be published after the commit: those of one
 * developer in their order, and developer by developer. Nothing but more of these may follow in the
 * transaction: it takes the lock of each developer (see the trigger), and whoever holds that must wait for
 * nothing else. Modules call `record`, which says who has made the change.
 */
export async function appendAll(tx: Queryable, changes: readonly Change[]): Promise<void> {
  // Each takes the lock of its developer: in one order, so that no two transactions wait for each other.
  const ordered = changes.toSorted(
    (a, b) => Number(a.developerId > b.developerId) - Number(a.developerId < b.developerId),
  );
  const rows = ordered.flatMap((change) =>
    change.state ? [stateRow(change, change.state), auditRow(change)] : [auditRow(change)],
  );
  const column = (value: (row: OutboxRow) => string | null) => rows.map(value);
  // Delivered with the commit, once for all rows of the transaction.
  await execute(
    tx,
    sql`
      with appended as (
        insert into outbox (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
        select id, aggregate_type, aggregate_id, type, payload::json, developer_id, topic, record_key
        from unnest(${column((row) => row.id)}::uuid[], ${column((row) => row.change.target.type)}::text[],
                    ${column((row) => row.change.target.id)}::text[], ${column((row) => row.type)}::text[],
                    ${column((row) => row.payload)}::text[],
                    ${column((row) => row.change.developerId)}::uuid[],
                    ${column((row) => row.topic)}::text[], ${column((row) => row.key)}::text[])
          as row (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
        returning 1
      )
      select pg_notify(${outboxChannel}, '') from appended`,
  );
}

/** Notified by every transaction that appends. */
export const outboxChannel = "outbox";

interface OutboxRow {
  change: Change;
  id: string;
  type: string;
  payload: string | null;
  topic: Topic;
  key: string;
}

function auditRow(change: Change): OutboxRow {
  const id = newId();
  const event: AuditEvent = {
    event_id: id,
    developer_id: change.developerId,
    occurred_at: new Date().toISOString(),
    actor: change.actor,
    action: change.action,
    target_type: change.target.type,
    target_id: change.target.id,
    request_id: change.requestId,
    payload: change.payload,
  };
  // Keyed by developer: one partition, one order.
  return {
    change,
    id,
    type: change.action,
    payload: textOf(event),
    topic: topics.audit,
    key: change.developerId,
  };
}

/**
 * PostgreSQL reads the event, and takes neither NUL nor half a surrogate pair. No table has any, but what
 * somebody has reported may.
 */
function textOf(event: AuditEvent): string {
  const text = JSON.stringify(event);
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return JSON.stringify(event, (_name, value: unknown) =>
    typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\uFFFD") : value,
  );
}

function stateRow(change: Change, state: StateMessage): OutboxRow {
  const payload = "value" in state ? JSON.stringify(state.value) : null;
  const { topic, key } = state;
  return { change, id: newId(), type: `${change.target.type}.state`, payload, topic, key };
}
