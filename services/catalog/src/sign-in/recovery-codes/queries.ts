import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import Type from "typebox";
import { CountRow } from "../../shared/rows.ts";

export async function replaceRecoveryCodes(tx: Queryable, developerId: string, hashes: string[]) {
  await deleteRecoveryCodes(tx, developerId);
  await execute(
    tx,
    sql`
      insert into recovery_codes (developer_id, code_hash)
      select ${developerId}, hash from unnest(${hashes}::text[]) hash`,
  );
}

export function deleteRecoveryCodes(tx: Queryable, developerId: string) {
  return execute(tx, sql`delete from recovery_codes where developer_id = ${developerId}`);
}

const Used = Type.Object({ code_hash: Type.String() });

/**
 * Uses up the code. Returns null when there is none, or it was used: when two requests use it at once, one
 * gets it.
 */
export function useRecoveryCode(tx: Queryable, developerId: string, hash: string) {
  return maybeOne(
    tx,
    Used,
    sql`
      delete from recovery_codes where developer_id = ${developerId} and code_hash = ${hash}
      returning code_hash`,
  );
}

export function countRecoveryCodes(db: Queryable, developerId: string) {
  return one(
    db,
    CountRow,
    sql`select count(*)::int as count from recovery_codes where developer_id = ${developerId}`,
  );
}
