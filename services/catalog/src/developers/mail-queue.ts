import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import { Nullable, Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";

/** Every mail that we send, see `messages.ts`. */
export const MailKind = Type.Enum([
  "email_verification",
  "email_change",
  "email_changed",
  "password_reset",
  "password_changed",
  "oauth_linked",
  "account_deleted",
  "key_issued",
  "key_leaked",
  "signing_key_added",
  "webhook_issued",
  "new_device",
  "second_factor_added",
  "second_factor_removed",
  "second_factors_reset",
  "recovery_codes_replaced",
  "recovery_code_used",
]);
export type MailKind = Static<typeof MailKind>;

export const Mail = Type.Object({
  id: Uuid,
  developer_id: Nullable(Uuid),
  kind: MailKind,
  recipient: Type.String(),
  request_id: Type.String(),
  attempts: Type.Integer(),
  /** What a notice is about, each once: beginnings of secrets, ids. Never what somebody has typed. */
  subjects: Type.Array(Type.String()),
});
export type Mail = Static<typeof Mail>;

const mailColumns = sql`id, developer_id, kind, recipient, request_id, attempts, subjects`;

interface NewMail {
  /** Null: whoever has the address, found out when it is sent. */
  developerId: string | null;
  kind: MailKind;
  recipient: string;
  requestId: string;
  subjects?: readonly string[];
}

const Queued = Type.Object({ queued: Type.Boolean(), wait_seconds: Type.Integer() });

/**
 * Queues a mail that leaves when the transaction is committed, and not without it. The database holds the
 * limits (`queue_mail`): a mail that somebody asks for is not queued beyond them; a notice is not queued for
 * an address that was never confirmed, and joins one of its kind that still waits.
 * @returns when it is not queued, the seconds until it would be.
 */
export function insertMail(tx: Queryable, { developerId, kind, recipient, requestId, subjects }: NewMail) {
  return one(
    tx,
    Queued,
    sql`
      select queued, wait_seconds
      from queue_mail(${newId()}, ${developerId}::uuid, ${kind}, ${recipient}, ${requestId},
                      ${[...(subjects ?? [])]}::text[])`,
  );
}

const EmailRow = Type.Object({ email: Type.String() });

/**
 * Tells a developer of what has happened in the account, so that a thief does nothing silently. Before the
 * rows of the outbox.
 * @param subjects what it is about, by beginnings of secrets or ids.
 */
export async function notify(
  tx: Queryable,
  notice: { developerId: string; kind: MailKind; requestId: string; subjects: readonly string[] },
): Promise<void> {
  const statement = sql`select email from developers where id = ${notice.developerId}`;
  const { email: recipient } = await one(tx, EmailRow, statement);
  await insertMail(tx, { ...notice, recipient });
}

/** Mails to a developer that have not left, and shall not. */
export function deleteMails(tx: Queryable, developerId: string, kinds: MailKind[]) {
  return execute(tx, sql`delete from mails where developer_id = ${developerId} and kind = any(${kinds})`);
}

/** Whether it still is to be sent; then it is, until the end of the transaction. */
export async function lockMail(tx: Queryable, id: string): Promise<boolean> {
  return (await execute(tx, sql`select from mails where id = ${id} for update`)) > 0;
}

/**
 * Takes mails that are due, each for one sender. They are due again after a lease, or longer the more often
 * they were tried: so one whose sender dies is sent by another.
 */
export function claimMails(
  db: Queryable,
  {
    countMax,
    leaseSeconds,
    pauseSecondsMax,
  }: { countMax: number; leaseSeconds: number; pauseSecondsMax: number },
) {
  return many(
    db,
    Mail,
    sql`
      update mails
      set attempts = attempts + 1,
          due_at = now() + make_interval(secs =>
            least(${leaseSeconds}::int * 2 ^ least(attempts, 20), ${pauseSecondsMax}::int))
      where id in (select id from mails where due_at <= now()
                   order by due_at limit ${countMax} for update skip locked)
      returning ${mailColumns}`,
  );
}

/** It has left, or never will. False when it is gone: another sender was faster. */
export async function deleteMail(db: Queryable, id: string): Promise<boolean> {
  return (await execute(db, sql`delete from mails where id = ${id}`)) > 0;
}

const Addressee = Type.Object({ id: Uuid, email: Type.String() });

/** Whom a mail is for, as they are now. Null when nobody is: the account is gone, or there never was one. */
export function findAddressee(db: Queryable, mail: Mail) {
  return maybeOne(
    db,
    Addressee,
    mail.developer_id === null
      ? sql`select id, email from developer_of(${mail.recipient})`
      : sql`select id, email from developers where id = ${mail.developer_id}`,
  );
}

const MailCount = Type.Object({ waiting: Type.Integer(), oldest_seconds: Type.Number() });

export function countMails(db: Queryable) {
  return one(
    db,
    MailCount,
    sql`
      select count(*)::int as waiting,
             coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_seconds
      from (select created_at from mails limit 10000) waiting`,
  );
}
