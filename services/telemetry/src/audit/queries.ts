import { type ClickHouse, select } from "@mosis/clickhouse";
import { AuditEvent, type AuditQuery } from "@mosis/types/audit";
import { Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";
import { timeParam, whereOf, wholeMs } from "../store/filters.ts";

/** Where a page ended: the place and id of its last event. */
export const AuditPosition = Type.Tuple([Type.String({ pattern: "^[0-9]{1,18}$" }), Uuid]);
export type AuditPosition = Static<typeof AuditPosition>;

export interface AuditPage extends Omit<AuditQuery, "limit" | "cursor"> {
  limit: number;
  /** The event that the page begins behind; null for the first page. */
  behind: AuditPosition | null;
}

const AuditRow = Type.Object({
  ...Type.Omit(AuditEvent, ["actor", "payload"]).properties,
  actor_kind: AuditEvent.properties.actor.properties.kind,
  actor_id: Type.String(),
  payload: Type.String(),
  position: Type.String(),
});

/** Returns one page and the event behind it, from the last commit to the first. */
export async function listAuditEvents(
  store: ClickHouse,
  developerId: string,
  page: AuditPage,
): Promise<{ item: AuditEvent; position: AuditPosition }[]> {
  const { where, params } = conditionOf(developerId, page);
  const rows = await select(
    store,
    AuditRow,
    `select
      event_id, developer_id, occurred_at, actor_kind, actor_id, action, target_type, target_id, request_id,
      payload, position
    from audit_events_raw final
    where ${where}
    order by position desc, event_id desc
    limit {rows:UInt32}`,
    { ...params, rows: page.limit + 1 },
  );
  return rows.map(({ actor_kind, actor_id, payload, position, ...event }) => ({
    item: {
      ...event,
      actor: { kind: actor_kind, id: actor_id },
      payload: JSON.parse(payload) as AuditEvent["payload"],
    },
    position: [position, event.event_id],
  }));
}

function conditionOf(developerId: string, page: AuditPage) {
  const { actor, action, target, from, to, behind } = page;
  return whereOf([
    ["developer_id = {developer_id:UUID}", { developer_id: developerId }],
    ["actor_id = {actor:String}", actor === undefined ? null : { actor }],
    ["action = {action:String}", action === undefined ? null : { action }],
    ["target_id = {target:String}", target === undefined ? null : { target }],
    [`occurred_at >= ${timeParam("from")}`, from === undefined ? null : { from: wholeMs(from) }],
    [`occurred_at < ${timeParam("to")}`, to === undefined ? null : { to: wholeMs(to) }],
    // The first half of the condition is for the index, which cannot use the second.
    [
      "position <= {place:UInt64} and (position, event_id) < ({place:UInt64}, {id:UUID})",
      behind && { place: behind[0], id: behind[1] },
    ],
  ]);
}
