import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import type { Principal } from "../../access/principal.ts";
import Type from "typebox";

/** The identity of a request: its sender, and the hash of its Idempotency-Key. */
export interface RequestKey {
  principal: Pick<Principal, "developerId" | "actor">;
  hash: Buffer;
}

const LockedRow = Type.Object({ locked: Type.Boolean() });

/** Locks the key until the transaction ends. Returns false while another request with the key runs. */
export async function tryLockRequest(tx: Queryable, { principal, hash }: RequestKey): Promise<boolean> {
  const name = `${principal.actor.id} ${hash.toString("hex")}`;
  const { locked } = await one(
    tx,
    LockedRow,
    sql`select pg_try_advisory_xact_lock(hashtextextended(${name}, 2)) as locked`,
  );
  return locked;
}

/** Returns the first request with the key and its answer; null when there was none in 24 hours. */
export function findAnswered(tx: Queryable, { principal, hash }: RequestKey) {
  return maybeOne(
    tx,
    Answered,
    sql`
      select request_hash, answer from idempotency_keys
      where actor_id = ${principal.actor.id} and key_hash = ${hash}
        and developer_id = ${principal.developerId} and created_at > now() - interval '24 hours'`,
  );
}

const Bytes = Type.Unsafe<Buffer>(Type.Any());
const Answered = Type.Object({ request_hash: Bytes, answer: Bytes });

/**
 * Records the request before it is done, and deletes the developer's requests that are older than 24 hours.
 */
export async function insertRequest(
  tx: Queryable,
  { principal, hash }: RequestKey,
  requestHash: Buffer,
): Promise<void> {
  const { developerId, actor } = principal;
  await execute(
    tx,
    sql`
      delete from idempotency_keys
      where developer_id = ${developerId} and created_at <= now() - interval '24 hours'`,
  );
  await execute(
    tx,
    sql`
      insert into idempotency_keys (developer_id, actor_id, key_hash, request_hash)
      values (${developerId}, ${actor.id}, ${hash}, ${requestHash})`,
  );
}

/**
 * Records the answer. It takes no lock that another transaction could hold, so it may follow the outbox rows.
 */
export function updateAnswer(tx: Queryable, { principal, hash }: RequestKey, answer: Buffer) {
  return execute(
    tx,
    sql`
      update idempotency_keys set answer = ${answer}
      where actor_id = ${principal.actor.id} and key_hash = ${hash}
        and developer_id = ${principal.developerId}`,
  );
}
