import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import { Key, KeyKind } from "@mosis/types/keys";
import Type, { type Static } from "typebox";
import { keyColumns } from "../queries.ts";

const FoundKey = Type.Object({ id: Uuid, developer_id: Uuid, hash: Type.String() });

/** Returns the keys, of all developers, that have or had one of these secrets. */
export function findReportedKeys(db: Queryable, hashes: string[]) {
  return many(db, FoundKey, sql`select key_id as id, developer_id, hash from keys_of(${hashes})`);
}

const ReportedKey = Type.Object({
  kind: KeyKind,
  leaked_at: Nullable(Timestamp),
  is_previous: Type.Boolean(),
  previous_works: Type.Boolean(),
});
export type ReportedKey = Static<typeof ReportedKey>;

/** Locks the key. Returns null when the secret is no longer one of the key's. */
export async function lockReportedKey(tx: Queryable, id: string, hash: string) {
  await execute(tx, sql`select from api_keys where id = ${id} for update`);
  // A separate statement reads, with the time of the lock: the transaction that was waited for may have ended
  // the secret after this transaction began.
  return maybeOne(
    tx,
    ReportedKey,
    sql`
      select kind, leaked_at, is_previous,
             coalesce(previous_ends_at > clock_timestamp(), false) as previous_works
      from keys_of(array[${hash}]) as presented join api_keys on id = key_id
      where id = ${id}`,
  );
}

export function updateLeaked(
  tx: Queryable,
  id: string,
  { isPrevious, disables }: { isPrevious: boolean; disables: boolean },
) {
  return one(
    tx,
    Key,
    sql`
      update api_keys
      set disabled = disabled or ${disables},
          disabled_by_key_id = case when ${disables} then null else disabled_by_key_id end,
          leaked_at = case when ${isPrevious} then leaked_at else now() end,
          previous_ends_at = case when ${isPrevious} then now() else previous_ends_at end
      where id = ${id}
      returning ${keyColumns}`,
  );
}
