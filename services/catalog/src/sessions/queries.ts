import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Timestamp, Uuid } from "@mosis/types/formats";
import { Role } from "@mosis/types/developers";
import Type from "typebox";

/** A developer may be signed in in this many places; the oldest session ends for the next. */
const sessionsMax = 100;

const SessionRow = Type.Object({ id: Uuid, developer_id: Uuid, role: Role, expires_at: Timestamp });
const NewSessionRow = Type.Object({ id: Uuid, expires_at: Timestamp });

export function insertSession(
  db: Queryable,
  session: { id: string; developerId: string; tokenHash: string; hours: number },
) {
  return one(
    db,
    NewSessionRow,
    sql`
      insert into sessions (id, developer_id, token_hash, expires_at)
      values (${session.id}, ${session.developerId}, ${session.tokenHash},
              now() + make_interval(hours => ${session.hours}::int))
      returning id, expires_at`,
  );
}

/** Removes what has ended by time: nobody could use it any more, so it is no change to tell. */
export function deleteEndedSessions(db: Queryable, developerId: string) {
  return execute(db, sql`delete from sessions where developer_id = ${developerId} and expires_at <= now()`);
}

/** Makes room for one more, so that sessions of a developer stay bounded. Gives the ones that it ended. */
export function deleteOldestSessions(db: Queryable, developerId: string) {
  return many(
    db,
    Type.Object({ id: Uuid }),
    sql`
      delete from sessions
      where id in (select id from sessions where developer_id = ${developerId}
                   order by created_at desc, id desc offset ${sessionsMax - 1})
      returning id`,
  );
}

/** Null when the token is unknown or its session has ended. */
export function findSession(db: Queryable, tokenHash: string) {
  return maybeOne(
    db,
    SessionRow,
    sql`
      select sessions.id, developer_id, role, expires_at
      from sessions join developers on developers.id = developer_id
      where token_hash = ${tokenHash} and expires_at > now()`,
  );
}

/** False when it was gone already. */
export async function deleteSession(db: Queryable, id: string): Promise<boolean> {
  return (await execute(db, sql`delete from sessions where id = ${id}`)) > 0;
}
