// Keys that do not work until their owner has confirmed them.
import { many, one, type Queryable, sql } from "@mosis/postgres";
import { Key } from "@mosis/types/keys";
import { keyColumns } from "./queries.ts";

/**
 * Puts all management keys of a developer into quarantine, and ends their secrets from before a rotation.
 * Ingest keys work on: see docs/decisions/0016-accounts.md. Returns those that were not in it before.
 */
export function quarantineKeysOf(tx: Queryable, developerId: string) {
  return many(
    tx,
    Key,
    sql`
      update api_keys
      set quarantined_at = now(),
          previous_ends_at = case when previous_ends_at is not null then least(previous_ends_at, now()) end
      where id in (select id from api_keys
                   where developer_id = ${developerId} and kind = 'management' and quarantined_at is null
                   order by id for update)
      returning ${keyColumns}`,
  );
}

export function releaseKey(tx: Queryable, id: string) {
  return one(
    tx,
    Key,
    sql`update api_keys set quarantined_at = null where id = ${id} returning ${keyColumns}`,
  );
}
