import { execute, type Queryable, sql } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AuditActor, AuditEvent } from "@mosis/types/audit";
import type { ErasureRequest } from "@mosis/types/erasures";
import { type Topic, topics } from "@mosis/types/topics";

/**
 * The row that a topic has to publish. The database writes the message (`fill_outbox_row` of the migrations):
 * the whole state of the row as the transaction leaves it, or nothing when the row is gone. The published
 * state is therefore the stored state, whoever appends. The table has only a hash of an erasure's install id,
 * so the id comes along.
 */
type StateMessage =
  | { topic: typeof topics.apps | typeof topics.keys | typeof topics.restrictions; key: string }
  | { topic: typeof topics.erasures; key: string; value: Pick<ErasureRequest, "install_id"> };

export interface Change {
  /** The developer whose audit trail it belongs to. */
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
 * developer in their order, and developer by developer. Only more of these may follow in the transaction: it
 * takes the lock of each developer (see the trigger), and must not wait for anything else while it holds
 * them. Modules call `record`, which adds the actor.
 */
export async function appendAll(tx: Queryable, changes: readonly Change[]): Promise<void> {
  // Each takes the lock of its developer. They come in one order, so that no two transactions wait for each
  // other.
  const ordered = changes.toSorted(
    (a, b) => Number(a.developerId > b.developerId) - Number(a.developerId < b.developerId),
  );
  const rows = ordered.flatMap((change) =>
    change.state ? [stateRow(change, change.state), auditRow(change)] : [auditRow(change)],
  );
  const column = (value: (row: OutboxRow) => string | null) => rows.map(value);
  // The notification is delivered with the commit, once for all rows of the transaction.
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

/** The channel that every transaction which appends notifies. */
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
  // The key is the developer, so their events share one partition and one order.
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
 * Returns the event as text. PostgreSQL reads it, and accepts neither NUL nor half a surrogate pair. No table
 * contains these, but a leak report may.
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
