import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import { Nullable, Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";

/** The kinds of mail that we send; `messages.ts` has their texts. */
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
  /** The things that a notice is about, each once: prefixes of secrets, or ids. Never text of a user. */
  subjects: Type.Array(Type.String()),
});
export type Mail = Static<typeof Mail>;

const mailColumns = sql`id, developer_id, kind, recipient, request_id, attempts, subjects`;

interface NewMail {
  /** The developer who receives it; null for the account that has the address when the mail is sent. */
  developerId: string | null;
  kind: MailKind;
  recipient: string;
  requestId: string;
  subjects?: readonly string[];
}

const Queued = Type.Object({ queued: Type.Boolean(), wait_seconds: Type.Integer() });

/**
 * Queues a mail, which is sent only after the transaction is committed. The database enforces the limits
 * (`queue_mail`): a requested mail is not queued beyond them; a notice is not queued for an address that was
 * never confirmed, and joins a waiting notice of its kind.
 * @returns the seconds until a mail that was not queued would be.
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
 * Notifies a developer by mail of a change in the account, so that a thief does nothing silently. Call it
 * before the rows of the outbox are written.
 * @param subjects are prefixes of secrets, or ids, of the things that the notice is about.
 */
export async function notify(
  tx: Queryable,
  notice: { developerId: string; kind: MailKind; requestId: string; subjects: readonly string[] },
): Promise<void> {
  const statement = sql`select email from developers where id = ${notice.developerId}`;
  const { email: recipient } = await one(tx, EmailRow, statement);
  await insertMail(tx, { ...notice, recipient });
}

/** Deletes the unsent mails to a developer. */
export function deleteMails(tx: Queryable, developerId: string, kinds: MailKind[]) {
  return execute(tx, sql`delete from mails where developer_id = ${developerId} and kind = any(${kinds})`);
}

/** Locks a mail until the transaction ends. Returns false when it is no longer to be sent. */
export async function lockMail(tx: Queryable, id: string): Promise<boolean> {
  return (await execute(tx, sql`select from mails where id = ${id} for update`)) > 0;
}

/**
 * Claims due mails, each for one sender. A mail is due again after a lease, which grows with each attempt, so
 * that another sender takes over when one dies.
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

/** Deletes a mail that was sent, or never will be. Returns false when another sender was faster. */
export async function deleteMail(db: Queryable, id: string): Promise<boolean> {
  return (await execute(db, sql`delete from mails where id = ${id}`)) > 0;
}

const Addressee = Type.Object({ id: Uuid, email: Type.String() });

/** Returns the current recipient of a mail; null when the account was deleted or never existed. */
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
