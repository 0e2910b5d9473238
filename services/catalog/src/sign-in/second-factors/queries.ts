import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import type { SecondFactor } from "@mosis/types/second-factors";
import Type, { type Static } from "typebox";

const Factors = Type.Object({
  totp_created_at: Nullable(Timestamp),
  passkeys: Type.Integer(),
  recovery_codes_left: Type.Integer(),
});
export type Factors = Static<typeof Factors>;

/**
 * Returns the factors that a developer has enrolled. They stay unchanged until the transaction ends when the
 * developer is locked.
 */
export function findFactors(db: Queryable, developerId: string) {
  return one(
    db,
    Factors,
    sql`
      select (select created_at from totps
              where developer_id = ${developerId} and confirmed_at is not null) as totp_created_at,
             (select count(*)::int from passkeys where developer_id = ${developerId}) as passkeys,
             (select count(*)::int from recovery_codes
              where developer_id = ${developerId}) as recovery_codes_left`,
  );
}

/** Makes the session count as signed in with the factor from now on. */
export function markSession(tx: Queryable, sessionId: string, factor: SecondFactor) {
  return execute(
    tx,
    sql`
      update sessions set second_factor = ${factor}, second_factor_at = now() where id = ${sessionId}`,
  );
}

/** Makes no session of the developer count as signed in with a second factor. */
export function unmarkSessions(tx: Queryable, developerId: string) {
  return execute(
    tx,
    sql`
      update sessions set second_factor = null, second_factor_at = null
      where developer_id = ${developerId} and second_factor is not null`,
  );
}

const Removed = Type.Object({ factors: Type.Integer() });

/** Deletes every factor, every factor that waits to be confirmed, and the sign-ins that wait for one. */
export function deleteAllFactors(tx: Queryable, developerId: string) {
  return one(
    tx,
    Removed,
    sql`
      with totp as (delete from totps where developer_id = ${developerId} returning confirmed_at),
           passkey as (delete from passkeys where developer_id = ${developerId} returning id),
           challenge as (delete from passkey_challenges where developer_id = ${developerId}),
           code as (delete from recovery_codes where developer_id = ${developerId}),
           waiting as (delete from sign_ins where developer_id = ${developerId})
      select (select count(*) from totp where confirmed_at is not null)::int
             + (select count(*) from passkey)::int as factors`,
  );
}

const Locked = Type.Object({ id: Uuid, email: Type.String() });

/** Returns the developer of an address in any case, and locks it until the transaction ends. */
export function lockByEmail(tx: Queryable, email: string) {
  return maybeOne(
    tx,
    Locked,
    sql`
      select id, email from developers where lower(email) = lower(${email}) for no key update`,
  );
}
