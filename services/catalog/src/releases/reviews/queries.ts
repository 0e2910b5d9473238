import { execute, many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import { type Check, Review, type ReviewEvent, type ReviewState } from "@mosis/types/reviews";
import Type, { type Static } from "typebox";
import { lockDeveloper } from "../../developers/queries.ts";
import { CountRow } from "../../shared/rows.ts";

/** The columns of a row that reviewers see unchanged. */
export const Shown = Type.Omit(Review, ["claim", "allowed_actions"]);

/** A submission with its version and app, and the facts that decide over it. */
const ReviewRow = Type.Object({
  ...Shown.properties,
  app_id: Uuid,
  version_id: Uuid,
  developer_id: Uuid,
  /** The reviewer who has claimed it; null when nobody has. */
  claimed_by: Nullable(Uuid),
  claimed_until: Nullable(Timestamp),
  is_signing_key_active: Type.Boolean(),
  pinned_key: Nullable(Type.String()),
  published_code_max: Nullable(Type.Integer()),
});
export type ReviewRow = Static<typeof ReviewRow>;

const isClaimed = sql`coalesce(claimed_until > now(), false)`;

const columns = sql`
  reviews.id, reviews.state, apps.package_id, apps.name as app_name, apps.description, apps.category,
  coalesce(apps.tags, '{}') as tags, version_code, version_name, package_url, package_size, package_digest,
  fingerprint as signing_key, app_versions.permissions, min_mosis_version, release_notes,
  reviews.submitted_at, ended_at, checks, codes, notes, reviews.app_id, version_id, reviews.developer_id,
  case when ${isClaimed} then claimed_by end as claimed_by,
  case when ${isClaimed} then claimed_until end as claimed_until,
  coalesce(signing_keys.is_active, false) as is_signing_key_active, signing_fingerprint as pinned_key,
  published_code_max,
  (select json_build_object('id', listing.id, 'name', listing.name, 'category', listing.category)
   from app_listings as listing
   where listing.app_id = reviews.app_id and listing.state = 'waiting') as pending_listing`;

const from = sql`
  from reviews
  join app_versions on app_versions.id = version_id
  join apps on apps.id = reviews.app_id
  left join signing_keys on signing_keys.id = signing_key_id`;

export function findReview(db: Queryable, id: string) {
  return maybeOne(db, ReviewRow, sql`select ${columns} ${from} where reviews.id = ${id}`);
}

/**
 * Locks the submission until the transaction ends. A second statement reads it, so that it sees its app and
 * version as the transaction we waited for has left them.
 */
export async function lockReview(tx: Queryable, id: string) {
  await execute(tx, sql`select from reviews where id = ${id} for no key update`);
  return findReview(tx, id);
}

export interface QueueRequest {
  limit: number;
  /** The end of the previous page: the time of its last submission, to the microsecond, and its id. */
  behind: [string, string] | null;
  reviewerId: string;
  claimed: boolean | null;
  mine: boolean | null;
  packageId: string | null;
}

const QueuedRow = Type.Object({ ...ReviewRow.properties, submitted_at_exact: Type.String() });
export type QueuedRow = Static<typeof QueuedRow>;

/** Returns one page and the row after it, oldest first, without the reviewer's own apps. */
export function listQueue(db: Queryable, { limit, behind, reviewerId, ...filter }: QueueRequest) {
  const [at, id] = behind ?? ["-infinity", "00000000-0000-0000-0000-000000000000"];
  return many(
    db,
    QueuedRow,
    sql`
      select ${columns},
             reviews.submitted_at::text as submitted_at_exact
      ${from}
      where reviews.id = any(array(
              select id from review_queue
              where developer_id <> ${reviewerId} and ${filtered(filter, reviewerId)}
                and (submitted_at, id) > (${at}::timestamptz, ${id}::uuid)
              order by submitted_at, id
              limit ${limit + 1}))
      order by reviews.submitted_at, reviews.id`,
  );
}

type Filter = Pick<QueueRequest, "claimed" | "mine" | "packageId">;

function filtered({ claimed, mine, packageId }: Filter, reviewerId: string): Sql {
  const isMine = sql`(${isClaimed} and claimed_by = ${reviewerId})`;
  const ofApp = sql`app_id = (select id from apps where package_id = ${packageId})`;
  return sql`
    ${wished(claimed, isClaimed)}
    and ${wished(mine, isMine)}
    and ${packageId === null ? sql`true` : ofApp}`;
}

/** Each combination of filters is a statement of its own, because a plan is made without the values. */
function wished(wish: boolean | null, condition: Sql): Sql {
  if (wish === null) return sql`true`;
  return wish ? condition : sql`not ${condition}`;
}

/**
 * Returns the number of claims that a reviewer has. The lock stops others from counting for the same reviewer
 * until the commit.
 */
export async function countClaimsLocked(tx: Queryable, reviewerId: string): Promise<number> {
  // This is a statement of its own: the next one then sees what the transaction that held the lock has
  // committed.
  await lockDeveloper(tx, reviewerId);
  const { count } = await one(
    tx,
    CountRow,
    sql`select count(*) as count from review_queue where claimed_by = ${reviewerId} and ${isClaimed}`,
  );
  return count;
}

/** Records the end of a submission's claim when its time is over. */
export function insertExpiry(tx: Queryable, id: string) {
  return execute(
    tx,
    sql`
      insert into review_events (review_id, developer_id, event, by_part, at)
      select id, developer_id, 'claim_expired', 'platform', claimed_until from reviews
      where id = ${id} and claimed_until <= now()`,
  );
}

export function updateClaim(tx: Queryable, id: string, reviewerId: string, minutes: number) {
  return execute(
    tx,
    sql`
      update reviews
      set claimed_by = ${reviewerId}, claimed_until = now() + make_interval(mins => ${minutes}::int)
      where id = ${id}`,
  );
}

export function clearClaim(tx: Queryable, id: string) {
  return execute(tx, sql`update reviews set claimed_by = null, claimed_until = null where id = ${id}`);
}

/** The end of a submission. */
export interface ReviewEnd {
  state: Exclude<ReviewState, "waiting">;
  /** Null unless a reviewer has decided. */
  decidedBy: string | null;
  codes: string[];
  notes: string | null;
  /** The checks at the end. */
  checks: Check[];
}

export function updateEnd(tx: Queryable, id: string, end: ReviewEnd) {
  return execute(
    tx,
    sql`
      update reviews
      set state = ${end.state}, ended_at = now(), decided_by = ${end.decidedBy}::uuid, codes = ${end.codes},
          notes = ${end.notes}, checks = ${JSON.stringify(end.checks)}::jsonb,
          claimed_by = null, claimed_until = null
      where id = ${id}`,
  );
}

export function insertEvent(
  tx: Queryable,
  { id, developer_id }: Pick<ReviewRow, "id" | "developer_id">,
  { event, by }: Pick<ReviewEvent, "event" | "by">,
) {
  return execute(
    tx,
    sql`
      insert into review_events (review_id, developer_id, event, by_part)
      values (${id}, ${developer_id}, ${event}, ${by})`,
  );
}

/**
 * Locks the app of a submission, as every change of a version does, and then the key that signed the version,
 * so that it is not revoked before the commit.
 */
export async function lockSubject(
  tx: Queryable,
  { app_id, version_id }: Pick<ReviewRow, "app_id" | "version_id">,
) {
  await execute(tx, sql`select 1 from apps where id = ${app_id} for no key update`);
  await execute(
    tx,
    sql`
      select 1 from signing_keys
      where id = (select signing_key_id from app_versions where id = ${version_id})
      for share`,
  );
}
