import { execute, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import Type from "typebox";

/** A bucket that allows `burst` at once, and one more every `everySeconds`. */
export interface Bucket {
  burst: number;
  everySeconds: number;
}

const Taken = Type.Object({ taken: Type.Boolean(), wait_seconds: Type.Number() });

/**
 * Returns the key of an attempt with an e-mail address. PostgreSQL folds its letters, as it does when it
 * looks for the account: it treats more spellings as one address than JavaScript does.
 */
export function keyOf(attempt: string, email: string): Sql {
  // PostgreSQL accepts no NUL in a text, so no account has one.
  const tried = sql`${`${attempt} `} || lower(${email.replaceAll("\0", "\uFFFD")})`;
  return sql`encode(sha256(convert_to(${tried}, 'UTF8')), 'hex')`;
}

/**
 * Takes one token. Concurrent callers each take their own. When refused, the wait is computed from the row
 * after their updates.
 */
export function takeOne(db: Queryable, key: Sql, { burst, everySeconds }: Bucket) {
  const statement = sql`
    select taken, wait_seconds from take_token(${key}, ${burst}::int, ${seconds(everySeconds)})`;
  return one(db, Taken, statement);
}

/** Gives back a token that was not used up. A bucket that is full again is deleted. */
export function giveBackOne(db: Queryable, key: Sql, { everySeconds }: Bucket) {
  const step = seconds(everySeconds);
  return execute(
    db,
    sql`
      with full_again as (
        delete from throttles where key = ${key} and full_at - ${step} <= now() returning key
      )
      update throttles set full_at = full_at - ${step}
      where key = ${key} and not exists (select from full_again)`,
  );
}

/** Fills the bucket again. */
export function refill(db: Queryable, key: Sql) {
  return execute(db, sql`delete from throttles where key = ${key}`);
}

export function deleteFullBuckets(db: Queryable) {
  return execute(db, sql`delete from throttles where full_at <= now()`);
}

function seconds(count: number): Sql {
  return sql`make_interval(secs => ${count}::int)`;
}
