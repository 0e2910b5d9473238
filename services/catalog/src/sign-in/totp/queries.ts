import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { IdRow } from "../../shared/rows.ts";

/**
 * The time that a secret waits for its first code.
 * @limit a secret of an authenticator app until its first code
 */
const pendingMinutes = 15;

const SealedSecret = Type.Object({ id: Uuid, secret: Type.Unsafe<Buffer>({}) });

/** Inserts a secret that waits for its first code, and replaces one that waited before. */
export function replacePendingTotp(tx: Queryable, totp: { id: string; developerId: string; secret: Buffer }) {
  return one(
    tx,
    IdRow,
    sql`
      insert into totps (id, developer_id, secret) values (${totp.id}, ${totp.developerId}, ${totp.secret})
      on conflict (developer_id) where confirmed_at is null
        do update set id = excluded.id, secret = excluded.secret, created_at = now()
      returning id`,
  );
}

/** Returns null when none waits, or it has waited for too long. */
export function findPendingTotp(tx: Queryable, developerId: string) {
  return maybeOne(
    tx,
    SealedSecret,
    sql`
      select id, secret from totps
      where developer_id = ${developerId} and confirmed_at is null
        and created_at > now() - make_interval(mins => ${pendingMinutes}::int)`,
  );
}

/** Returns null when the developer has no confirmed authenticator app. */
export function findTotp(tx: Queryable, developerId: string) {
  return maybeOne(
    tx,
    SealedSecret,
    sql`select id, secret from totps where developer_id = ${developerId} and confirmed_at is not null`,
  );
}

/** Makes the authenticator app count from now on. The code that confirmed it is used up. */
export function confirmTotp(tx: Queryable, { id, step }: { id: string; step: number }) {
  return one(
    tx,
    IdRow,
    sql`update totps set confirmed_at = now(), last_step = ${step} where id = ${id} returning id`,
  );
}

/**
 * Returns false when a code of that step, or of a later one, was accepted before. When two requests send it
 * at once, one gets it.
 */
export async function takeStep(tx: Queryable, { id, step }: { id: string; step: number }): Promise<boolean> {
  const statement = sql`update totps set last_step = ${step} where id = ${id} and last_step < ${step}`;
  return (await execute(tx, statement)) > 0;
}

/** Returns false when there is no confirmed one. */
export async function deleteTotp(tx: Queryable, developerId: string): Promise<boolean> {
  const statement = sql`delete from totps where developer_id = ${developerId} and confirmed_at is not null`;
  return (await execute(tx, statement)) > 0;
}
