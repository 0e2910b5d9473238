import { many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import { Key, KeyKind } from "@mosis/types/keys";
import Type, { type Static } from "typebox";
import { keyColumns } from "../keys/queries.ts";

const FoundKey = Type.Object({ id: Uuid, developer_id: Uuid, hash: Type.String() });

/** Keys that have or had one of these secrets, whoever they belong to. */
export function findReportedKeys(db: Queryable, hashes: string[]) {
  const keys = (hash: Sql) => sql`
    select id, developer_id, ${hash} as hash from api_keys where ${hash} = any(${hashes}::text[])`;
  return many(db, FoundKey, sql`${keys(sql`key_hash`)} union all ${keys(sql`previous_hash`)}`);
}

const ReportedKey = Type.Object({
  kind: KeyKind,
  leaked_at: Nullable(Timestamp),
  is_previous: Type.Boolean(),
  previous_works: Type.Boolean(),
});
export type ReportedKey = Static<typeof ReportedKey>;

/**
 * Null when the secret is not one of the key's any more. By the time at which the lock is got: who was waited
 * for may have ended the secret after this transaction began.
 */
export function lockReportedKey(tx: Queryable, id: string, hash: string) {
  return maybeOne(
    tx,
    ReportedKey,
    sql`
      select kind, leaked_at, key_hash <> ${hash} as is_previous,
             coalesce(previous_ends_at > clock_timestamp(), false) as previous_works
      from api_keys where id = ${id} and ${hash} in (key_hash, previous_hash)
      for update`,
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
          leaked_at = case when ${isPrevious} then leaked_at else now() end,
          previous_ends_at = case when ${isPrevious} then now() else previous_ends_at end
      where id = ${id}
      returning ${keyColumns}`,
  );
}

const EmailRow = Type.Object({ email: Type.String() });

export function findOwnerEmail(tx: Queryable, developerId: string) {
  return one(tx, EmailRow, sql`select email from developers where id = ${developerId}`);
}
