import { execute, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import Type from "typebox";

/** A bucket that takes `burst` at once, and one more every `everySeconds`. */
export interface Bucket {
  burst: number;
  everySeconds: number;
}

const Taken = Type.Object({ taken: Type.Boolean(), wait_seconds: Type.Number() });

/**
 * Of an attempt with an e-mail address. PostgreSQL folds its letters, as where it looks for the account: it
 * takes more spellings for one address than JavaScript does.
 */
export function keyOf(attempt: string, email: string): Sql {
  // PostgreSQL takes no NUL; no account has one either.
  const tried = sql`${`${attempt} `} || lower(${email.replaceAll("\0", "\uFFFD")})`;
  return sql`encode(sha256(convert_to(${tried}, 'UTF8')), 'hex')`;
}

/**
 * Takes one of the bucket, of those who do so at once each by itself. Refused, it says for how long: by what
 * the row is then, not by what it was before others took theirs.
 */
export function takeOne(db: Queryable, key: Sql, { burst, everySeconds }: Bucket) {
  const step = seconds(everySeconds);
  const next = sql`greatest(throttles.full_at, now()) + ${step}`;
  const bound = sql`now() + ${step} * ${burst}::int`;
  return one(
    db,
    Taken,
    sql`
      insert into throttles (key, full_at) values (${key}, now() + ${step})
      on conflict (key) do update
        set full_at = case when ${next} <= ${bound} then ${next} else throttles.full_at end
      returning old.full_at is distinct from new.full_at as taken,
                ceil(extract(epoch from new.full_at + ${step} - (${bound})))::int as wait_seconds`,
  );
}

/** Gives back what was taken and not used up. A bucket that is full by that is none any more. */
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

/** The bucket is full again. */
export function refill(db: Queryable, key: Sql) {
  return execute(db, sql`delete from throttles where key = ${key}`);
}

export function deleteFullBuckets(db: Queryable) {
  return execute(db, sql`delete from throttles where full_at <= now()`);
}

function seconds(count: number): Sql {
  return sql`make_interval(secs => ${count}::int)`;
}
