import { execute, many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { Listing } from "@mosis/types/listings";
import type { Check } from "@mosis/types/reviews";
import Type, { type Static } from "typebox";
import { appsWithin } from "../../access/apps.ts";
import type { Reach } from "../../access/principal.ts";
import { CountRow } from "../../shared/rows.ts";

/** The columns of a row that reviewers see unchanged. */
export const Shown = Type.Omit(Listing, ["allowed_actions"]);

const ListingRow = Type.Object({ ...Shown.properties, app_id: Uuid, developer_id: Uuid });
export type ListingRow = Static<typeof ListingRow>;

const columns = sql`
  listing.id, listing.state, apps.package_id, listing.name, listing.category, apps.name as app_name,
  apps.category as app_category, apps.description, coalesce(apps.tags, '{}') as tags, listing.submitted_at,
  ended_at, checks, codes, notes, listing.app_id, listing.developer_id`;

const from = sql`from app_listings as listing join apps on apps.id = listing.app_id`;

export function findListing(db: Queryable, id: string) {
  return maybeOne(db, ListingRow, sql`select ${columns} ${from} where listing.id = ${id}`);
}

/** Locks the app of a listing, as every change of an app does, and then reads the listing. */
export async function lockListing(tx: Queryable, id: string) {
  await execute(
    tx,
    sql`
      select from apps where id = (select app_id from app_listings where id = ${id})
      for no key update`,
  );
  return findListing(tx, id);
}

/** Returns the last listing that was proposed for an app within reach. */
export function findLastListing(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    ListingRow,
    sql`
      select ${columns} ${from}
      where apps.package_id = ${packageId} and ${appsWithin(reach)}
      order by listing.submitted_at desc, listing.id desc
      limit 1`,
  );
}

const QueuedRow = Type.Object({ ...ListingRow.properties, submitted_at_exact: Type.String() });

export interface QueueRequest {
  limit: number;
  /** The end of the previous page: the time of its last proposal, to the microsecond, and its id. */
  behind: [string, string] | null;
  reviewerId: string;
}

/** Returns one page and the row after it, oldest first, without the reviewer's own apps. */
export function listQueue(db: Queryable, { limit, behind, reviewerId }: QueueRequest) {
  const [at, id] = behind ?? ["-infinity", "00000000-0000-0000-0000-000000000000"];
  return many(
    db,
    QueuedRow,
    sql`
      select ${columns}, listing.submitted_at::text as submitted_at_exact
      ${from}
      where listing.state = 'waiting' and listing.developer_id <> ${reviewerId}
        and (listing.submitted_at, listing.id) > (${at}::timestamptz, ${id}::uuid)
      order by listing.submitted_at, listing.id
      limit ${limit + 1}`,
  );
}

/** Returns the number of listings that were proposed for an app in the last 24 hours. */
export async function countOfDay(tx: Queryable, appId: string): Promise<number> {
  const { count } = await one(
    tx,
    CountRow,
    sql`
      select count(*) as count from app_listings
      where app_id = ${appId} and submitted_at > now() - interval '24 hours'`,
  );
  return count;
}

const ApprovedRow = Type.Object({ approved: Type.Boolean() });

/** Returns true when a version of an app waits for its developer to publish it. */
export async function hasApprovedVersion(tx: Queryable, appId: string): Promise<boolean> {
  const { approved } = await one(
    tx,
    ApprovedRow,
    sql`
      select exists (select from app_versions where app_id = ${appId} and status = 'approved') as approved`,
  );
  return approved;
}

export interface NewListing {
  id: string;
  appId: string;
  developerId: string;
  name: string;
  category: string | null;
  checks: Check[];
}

export function insertListing(tx: Queryable, listing: NewListing) {
  const { id, appId, developerId, name, category, checks } = listing;
  return execute(
    tx,
    sql`
      insert into app_listings (id, app_id, developer_id, name, category, checks)
      values (${id}, ${appId}, ${developerId}, ${name}, ${category}, ${JSON.stringify(checks)}::jsonb)`,
  );
}

/** Ends the waiting listing of an app, if there is one. */
export function endWaiting(tx: Queryable, appId: string, state: "withdrawn" | "superseded") {
  return execute(tx, ended(sql`app_id = ${appId} and state = 'waiting'`, sql`state = ${state}`));
}

export interface ListingDecision {
  state: "approved" | "rejected";
  decidedBy: string;
  codes: string[];
  notes: string | null;
  checks: Check[];
}

export function updateDecision(tx: Queryable, id: string, decision: ListingDecision) {
  const { state, decidedBy, codes, notes, checks } = decision;
  const set = sql`
    state = ${state}, decided_by = ${decidedBy}::uuid, codes = ${codes}, notes = ${notes},
    checks = ${JSON.stringify(checks)}::jsonb`;
  return execute(tx, ended(sql`id = ${id}`, set));
}

function ended(where: Sql, set: Sql): Sql {
  return sql`update app_listings set ${set}, ended_at = now() where ${where}`;
}
