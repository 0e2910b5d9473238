import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { challengeMinutes } from "../passkeys/queries.ts";

/**
 * The time in which a second factor has to be sent.
 * @limit a sign-in that waits for its second factor
 */
const signInMinutes = 10;
/**
 * The number of factors that may be tried with one token.
 * @limit attempts of a sign-in that waits for its second factor
 */
const attemptsMax = 5;
/**
 * The number of waiting sign-ins of a developer. A further one replaces the oldest.
 * @limit sign-ins of a developer that wait for their second factor
 */
const waitingMax = 20;

/** Locks the developer until the transaction ends. Returns false when the account is gone. */
export async function lockAccount(tx: Queryable, developerId: string): Promise<boolean> {
  return (await execute(tx, sql`select from developers where id = ${developerId} for share`)) > 0;
}

const WaysIn = Type.Object({ ways_in: Type.String() });

/**
 * Returns the ways to sign in to a locked account, as a hash. It is a statement of its own, so that it sees
 * what the transaction that held the lock has committed.
 */
export function findWaysIn(tx: Queryable, developerId: string) {
  return one(tx, WaysIn, sql`select ways_in(${developerId}) as ways_in`);
}

const Waiting = Type.Object({ expires_at: Timestamp });

/**
 * Inserts a sign-in that waits.
 * @param signIn `developerId` and `waysIn` are null when any account's passkey may answer.
 */
export function insertSignIn(
  tx: Queryable,
  signIn: {
    tokenHash: string;
    developerId: string | null;
    waysIn: string | null;
    challengeHash: string | null;
  },
) {
  const { tokenHash, developerId, waysIn, challengeHash } = signIn;
  return one(
    tx,
    Waiting,
    sql`
      insert into sign_ins (token_hash, developer_id, ways_in, challenge_hash, challenge_expires_at,
                            attempts_left, expires_at)
      values (${tokenHash}, ${developerId}, ${waysIn}, ${challengeHash}::varchar,
              case when ${challengeHash}::varchar is not null
                then now() + make_interval(mins => ${challengeMinutes}::int) end,
              ${attemptsMax}, now() + make_interval(mins => ${signInMinutes}::int))
      returning expires_at`,
  );
}

export function deleteOldestSignIns(tx: Queryable, developerId: string) {
  return execute(
    tx,
    sql`
      delete from sign_ins
      where token_hash in (select token_hash from sign_ins where developer_id = ${developerId}
                           order by created_at desc, token_hash offset ${waitingMax - 1})`,
  );
}

const isAlive = sql`expires_at > now() and attempts_left > 0`;
const Owner = Type.Object({ developer_id: Uuid });

/**
 * Returns the developer whose sign-in waits for a second factor. Returns null when the token is unknown, or
 * belongs to no developer.
 */
export function findWaitingFor(db: Queryable, tokenHash: string) {
  return maybeOne(
    db,
    Owner,
    sql`
      select developer_id from sign_ins
      where token_hash = ${tokenHash} and developer_id is not null and ${isAlive}`,
  );
}

/** Replaces the challenge by a new one. Returns false when the sign-in is over. */
export async function replaceChallenge(
  db: Queryable,
  tokenHash: string,
  challengeHash: string,
): Promise<boolean> {
  const statement = sql`
    update sign_ins
    set challenge_hash = ${challengeHash},
        challenge_expires_at = now() + make_interval(mins => ${challengeMinutes}::int)
    where token_hash = ${tokenHash} and ${isAlive}`;
  return (await execute(db, statement)) > 0;
}

const Attempt = Type.Object({
  developer_id: Nullable(Uuid),
  ways_in: Nullable(Type.String()),
  /** The hash of a usable challenge; null when there is none, or it was used or has expired. */
  challenge_hash: Nullable(Type.String()),
});

/**
 * Takes one attempt, and uses up the challenge when it is for a passkey. Both are gone, even if the attempt
 * fails. Returns null when the token is unknown, has expired or has had its attempts.
 */
export function takeAttempt(db: Queryable, tokenHash: string, { isPasskey }: { isPasskey: boolean }) {
  const kept = sql`not ${isPasskey}::boolean`;
  return maybeOne(
    db,
    Attempt,
    sql`
      update sign_ins
      set attempts_left = attempts_left - 1,
          challenge_hash = case when ${kept} then challenge_hash end,
          challenge_expires_at = case when ${kept} then challenge_expires_at end
      where token_hash = ${tokenHash} and ${isAlive}
      returning developer_id, ways_in,
                case when old.challenge_expires_at > now() then old.challenge_hash end as challenge_hash`,
  );
}

/**
 * Uses up the sign-in. Returns false when it is gone: when two requests complete it at once, one succeeds.
 */
export async function deleteSignIn(tx: Queryable, tokenHash: string): Promise<boolean> {
  return (await execute(tx, sql`delete from sign_ins where token_hash = ${tokenHash}`)) > 0;
}

export function deleteEndedSignIns(db: Queryable) {
  return execute(db, sql`delete from sign_ins where not (${isAlive})`);
}
