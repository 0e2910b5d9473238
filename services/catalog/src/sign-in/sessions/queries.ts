import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Timestamp, Uuid } from "@mosis/types/formats";
import type { SecondFactor } from "@mosis/types/second-factors";
import { Session } from "@mosis/types/sessions";
import Type from "typebox";
import { idleExpiresAt, isAlive, recentFor } from "../../access/queries.ts";
import { pageClause, type PageRequest, positionColumn, positioned } from "../../shared/page-position.ts";
import { IdRow } from "../../shared/rows.ts";

/**
 * The number of places where a developer may be signed in. A further session ends the oldest.
 * @limit sessions of a developer
 */
const sessionsMax = 100;

const NewSessionRow = Type.Object({ id: Uuid, expires_at: Timestamp });

export function insertSession(
  db: Queryable,
  session: {
    id: string;
    developerId: string;
    tokenHash: string;
    userAgent: string | null;
    address: string | null;
    secondFactor: SecondFactor | null;
    hours: number;
    idleMinutes: number;
  },
) {
  return one(
    db,
    NewSessionRow,
    sql`
      insert into sessions (id, developer_id, token_hash, user_agent, address, last_address, idle_minutes,
                            second_factor, second_factor_at, expires_at)
      values (${session.id}, ${session.developerId}, ${session.tokenHash}, ${session.userAgent},
              ${session.address}, ${session.address}, ${session.idleMinutes},
              ${session.secondFactor}::varchar,
              case when ${session.secondFactor}::varchar is not null then now() end,
              now() + make_interval(hours => ${session.hours}::int))
      returning id, expires_at`,
  );
}

/**
 * Deletes sessions that have expired. Nobody could use them any more, so this is not recorded as a change.
 */
export function deleteEndedSessions(db: Queryable, developerId: string) {
  return execute(db, sql`delete from sessions where developer_id = ${developerId} and not (${isAlive})`);
}

/**
 * Makes room for one more session, so that a developer's sessions stay limited. Returns the ones that it
 * ended.
 */
export function deleteOldestSessions(db: Queryable, developerId: string) {
  return many(
    db,
    IdRow,
    sql`
      delete from sessions
      where id in (select id from sessions where developer_id = ${developerId}
                   order by created_at desc, id desc offset ${sessionsMax - 1})
      returning id`,
  );
}

/** Deletes sessions that have expired, with the addresses that they hold. */
export function deleteAllEndedSessions(db: Queryable) {
  return execute(db, sql`delete from sessions where not (${isAlive})`);
}

const SessionOnPage = Type.Object({ ...Session.properties, ...positioned });

/** Returns one page and the row after it, newest first. */
export function listOwnSessions(
  db: Queryable,
  { developerId, current }: { developerId: string; current: string },
  page: PageRequest,
) {
  return many(
    db,
    SessionOnPage,
    sql`
      select id, user_agent, host(address) as address, host(last_address) as last_address,
             second_factor, created_at, last_used_at, ${idleExpiresAt} as idle_expires_at, expires_at,
             id = ${current} as current, ${positionColumn}
      from sessions where developer_id = ${developerId} and ${isAlive} ${pageClause(page)}`,
  );
}

/** Returns false when there is no such session, or it was gone already. */
export async function deleteOwnSession(db: Queryable, developerId: string, id: string): Promise<boolean> {
  const statement = sql`
    delete from sessions where id = ${id} and developer_id = ${developerId} and ${isAlive}`;
  return (await execute(db, statement)) > 0;
}

/** Ends all sessions of a developer but one. Returns the ones that it ended. */
export function deleteOtherSessions(db: Queryable, developerId: string, kept: string | null) {
  return many(
    db,
    IdRow,
    sql`
      delete from sessions where developer_id = ${developerId} and id is distinct from ${kept}::uuid
      returning id`,
  );
}

const RecentRow = Type.Object({ recent_until: Timestamp });

/**
 * Makes a session recent.
 * @param factor the one that was proved beside a password; null when there was none.
 * @returns null when the session has ended.
 */
export function reauthenticateSession(tx: Queryable, id: string, factor: SecondFactor | null) {
  return maybeOne(
    tx,
    RecentRow,
    sql`
      update sessions
      set reauthenticated_at = now(),
          second_factor = coalesce(${factor}::varchar, second_factor),
          second_factor_at = case when ${factor}::varchar is null then second_factor_at else now() end
      where id = ${id} and ${isAlive}
      returning reauthenticated_at + ${recentFor} as recent_until`,
  );
}
