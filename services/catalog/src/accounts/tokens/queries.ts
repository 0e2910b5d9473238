import { execute, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import Type from "typebox";
import type { Purpose } from "./token.ts";

const AccountToken = Type.Object({
  developer_id: Uuid,
  purpose: Type.Enum(["email_verification", "email_change", "password_reset"]),
  email: Type.String(),
});

export function insertAccountToken(
  tx: Queryable,
  token: { hash: string; developerId: string; purpose: Purpose; email: string; minutes: number },
) {
  return execute(
    tx,
    sql`
      insert into account_tokens (token_hash, developer_id, purpose, email, expires_at)
      values (${token.hash}, ${token.developerId}, ${token.purpose}, ${token.email},
              now() + make_interval(mins => ${token.minutes}::int))`,
  );
}

/**
 * Uses up the token. Returns null when it is unknown, was used or has expired: when two requests use it at
 * once, one gets it.
 */
export function deleteAccountToken(tx: Queryable, hash: string, purposes: Purpose[]) {
  return maybeOne(
    tx,
    AccountToken,
    sql`select developer_id, purpose, email from use_account_token(${hash}, ${purposes})`,
  );
}

/** Returns the purpose of a token that could be used now, or null for any other token. */
export function findAccountToken(db: Queryable, hash: string, purposes: Purpose[]) {
  return maybeOne(
    db,
    AccountToken,
    sql`select developer_id, purpose, email from account_token_of(${hash}) where purpose = any(${purposes})`,
  );
}

/** Deletes the tokens that were mailed before a change that makes them wrong, or dangerous. */
export function deleteAccountTokens(tx: Queryable, developerId: string, purposes: Purpose[]) {
  return execute(
    tx,
    sql`delete from account_tokens where developer_id = ${developerId} and purpose = any(${purposes})`,
  );
}

export function deleteEndedAccountTokens(db: Queryable) {
  return execute(db, sql`delete from account_tokens where expires_at <= now()`);
}
