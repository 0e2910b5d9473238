import type { IncomingRecord } from "@mosis/kafka";
import { recordHeaders } from "@mosis/types/topics";

// A replay sends what was received before, also what an erasure has deleted since it was read. Its records
// are inserted without the rows that an erasure covers. `eraseInstalls` keeps its moment in the table, and
// then looks once more where the topics end. So of a record from a replay either the insert sees that moment,
// or the record lies before the end that the erasure waits for, and is deleted.

/** Returns true for a record that a replay has sent. */
export function isFromReplay({ headers }: IncomingRecord): boolean {
  return headers[recordHeaders.fromReplay] !== undefined;
}

/** The rows of a block that are inserted: see `NativeInsert.from`. */
export type RowsFrom = (input: string) => string;

const erased = `(
  select app_id as erased_app, toString(install_hash) as erased_hash,
         max(toUnixTimestamp64Milli(received_before)) as erased_before_ms
  from erasures_raw group by app_id, install_hash) as erased`;

/** Events, without those that were received before an erasure of their install. */
export const eventsNotErased: RowsFrom = (input) => `${input} as sent
  left join ${erased} on erased_app = sent.app_id
    and erased_hash = lower(hex(SHA256(toString(sent.install_id))))
  where toUnixTimestamp64Milli(client_time) + received_delay_ms >= erased_before_ms`;

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/** Rejected events, without those that name an install which was erased after they were received. */
export function rejectedNotErased(columns: Readonly<Record<string, string>>): RowsFrom {
  const names = Object.keys(columns).map((name) => `\`${name}\``);
  // A refused event is kept as it was sent: the id may stand anywhere in it, in either case.
  const texts = "context" in columns ? "concat(raw, ' ', context)" : "raw";
  return (input) => `(
    select *, arrayDistinct(extractAll(lower(${texts}), '${uuid}')) as named from ${input}) as sent
  left array join named as id
  left join ${erased} on erased_app = sent.app_id and erased_hash = lower(hex(SHA256(id)))
  group by ${names.join(", ")}
  having toUnixTimestamp64Milli(received_at) >= max(erased_before_ms)`;
}
