import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import Type from "typebox";

/** A device that was not signed in with for longer is new again. */
const knownDays = 90;
/** Rows of a developer; the device that was not seen for longest goes for the next. */
const devicesMax = 200;
/** Mails about new devices to a developer in 24 hours. */
const noticesMax = 5;

const since = sql`now() - make_interval(days => ${knownDays}::int)`;

const Seen = Type.Object({ is_known: Type.Boolean() });

/** Remembers that the device is used now. It is known when it was used lately. */
export function seeDevice(tx: Queryable, developerId: string, device: string) {
  return one(
    tx,
    Seen,
    sql`
      insert into known_devices (developer_id, device) values (${developerId}, ${device})
      on conflict (developer_id, device) do update set last_seen_at = now()
      returning coalesce(old.last_seen_at > ${since}, false) as is_known`,
  );
}

/** Lets nobody else count notices to a developer until the transaction ends. */
export function lockNotices(tx: Queryable, developerId: string) {
  return execute(tx, sql`select pg_advisory_xact_lock(hashtextextended(${developerId}, 3))`);
}

export function deleteOldestDevices(tx: Queryable, developerId: string) {
  return execute(
    tx,
    sql`
      delete from known_devices
      where developer_id = ${developerId}
        and device in (select device from known_devices where developer_id = ${developerId}
                       order by last_seen_at desc, device offset ${devicesMax})`,
  );
}

const Noticed = Type.Object({ email: Type.String() });

/** Null when no mail is due: the address is not confirmed, it is the only device, or today had its mails. */
export function markNoticed(tx: Queryable, developerId: string, device: string) {
  return maybeOne(
    tx,
    Noticed,
    sql`
      update known_devices set noticed_at = now()
      from developers
      where developers.id = ${developerId} and developers.verified
        and developer_id = ${developerId} and device = ${device}
        and exists (select from known_devices where developer_id = ${developerId} and device <> ${device})
        and (select count(*) from known_devices
             where developer_id = ${developerId} and noticed_at > now() - interval '24 hours') < ${noticesMax}
      returning developers.email`,
  );
}

/**
 * Forgets devices that nobody signs in with any more. The last one of a developer stays: without it the next
 * device would pass for the first.
 */
export function deleteForgottenDevices(db: Queryable) {
  return execute(
    db,
    sql`
      delete from known_devices
      where last_seen_at < ${since}
        and exists (select from known_devices later
                    where later.developer_id = known_devices.developer_id
                      and (later.last_seen_at, later.device)
                        > (known_devices.last_seen_at, known_devices.device))`,
  );
}
