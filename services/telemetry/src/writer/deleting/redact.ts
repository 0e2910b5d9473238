import { select } from "@mosis/clickhouse";
import { Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { deleteRows, type DeletingDeps } from "./delete-rows.ts";

/**
 * The fields that stay in the payload of an audit event when its developer has deleted the account: ids,
 * kinds, states, numbers and times. All other fields are removed, so that a field that is added tomorrow is
 * not forgotten here.
 */
const impersonal = [
  "id",
  "app_id",
  "package_id",
  "package_ids",
  "app_ids",
  "key_id",
  "review_id",
  "version_code",
  "kind",
  "status",
  "state",
  "role",
  "permissions",
  "action",
  "rate",
  "purpose",
  "factors",
  "review_codes",
  "rollout_percent",
  "telemetry_days",
  "events_per_day",
  "events_per_second",
  "recovery_codes_left",
  "install_hash",
  "disabled_key_ids",
  "restriction_id",
  "verified",
  "created_at",
  "updated_at",
  "expires_at",
  "published_at",
  "requested_at",
  "submitted_at",
  "deleted_at",
];

/** Returns the payload with only those fields. Applied to its own result, it changes nothing. */
const redacted = `concat('{', arrayStringConcat(arrayMap(field -> concat(toJSONString(field.1), ':', field.2),
  arrayFilter(field -> has({impersonal:Array(String)}, field.1), JSONExtractKeysAndValuesRaw(payload))
  ), ','), '}')`;

const idsAtOnce = 500;
const idsMax = 1_000_000;

/**
 * Removes personal data of developers who have deleted their accounts: their audit events keep when, what and
 * by which key, and their apps keep the id that their events have. It looks again each time: a record may be
 * stored again days later, unchanged.
 * @returns how many rows had such data.
 */
export async function redactDeleted(deps: DeletingDeps): Promise<number> {
  const { store, isStale } = deps;
  const row = Type.Object({ developer_id: Uuid });
  const rows = await select(
    store,
    row,
    "select distinct developer_id from audit_events_raw where action = 'developer.deleted'",
    {},
    { rowsMax: idsMax },
  );
  let found = 0;
  for (let start = 0; start < rows.length && !isStale(); start += idsAtOnce) {
    const ids = rows.slice(start, start + idsAtOnce).map(({ developer_id }) => developer_id);
    const theirs = "developer_id in {ids:Array(UUID)}";
    found += await deleteRows(deps, {
      table: "audit_events_raw",
      set: `payload = ${redacted}`,
      where: `${theirs} and payload <> ${redacted}`,
      params: { ids, impersonal },
    });
    const named = { table: "apps_raw", set: "name = ''", where: `${theirs} and name <> ''` };
    found += await deleteRows(deps, { ...named, params: { ids } });
  }
  return found;
}
