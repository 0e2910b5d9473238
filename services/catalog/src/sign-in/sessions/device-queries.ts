import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import Type from "typebox";

/**
 * A device without a sign-in for this time counts as new again.
 * @limit a device is known after its last sign-in
 */
const knownDays = 90;
/**
 * The maximum of rows of a developer. A further device replaces the one that was not seen for longest.
 * @limit known devices of a developer
 */
const devicesMax = 200;
/**
 * The maximum of mails about new devices to a developer in 24 hours.
 * @limit mails about new devices of a developer in 24 hours
 */
const noticesMax = 5;

const since = sql`now() - make_interval(days => ${knownDays}::int)`;

const Seen = Type.Object({ is_known: Type.Boolean() });

/** Records that the device is used now. It counts as known when it was used recently. */
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

/** Locks the count of notices to a developer until the transaction ends. */
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

/**
 * Returns null when no mail is due: the address is not confirmed, it is the only device, or the day's mails
 * are sent.
 */
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
 * Deletes devices that nobody signs in with any more. The last one of a developer stays: otherwise the next
 * device would count as the first.
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
