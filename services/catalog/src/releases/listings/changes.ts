import { problem, requireMatch } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AppChange } from "@mosis/types/apps";
import type { Listing } from "@mosis/types/listings";
import { topics } from "@mosis/types/topics";
import type { Call } from "../../access/call.ts";
import type { Viewer } from "../../access/principal.ts";
import { authorOf, record } from "../../changes/outbox/record.ts";
import { appOf } from "../apps/app.ts";
import { type AppRow, readApp, updateApp } from "../apps/queries.ts";
import type { Decision } from "../reviews/changes.ts";
import { nameCheckOf, renewNameCheck } from "../reviews/name-check.ts";
import { listingOf, missingListing, requireOpen, tagOf } from "./listing.ts";
import {
  countOfDay,
  endWaiting,
  findListing,
  hasApprovedVersion,
  insertListing,
  type ListingRow,
  lockListing,
  updateDecision,
} from "./queries.ts";

/**
 * The maximum for one app in 24 hours: each listing is kept.
 * @limit listings that are proposed for an app in 24 hours
 */
const listingsPerDayMax = 20;

/** The fields by which the store's visitors recognise an app. */
export type Identity = Pick<AppRow, "name" | "category">;

/**
 * Takes a change of name and category. Once a version of the app was approved, they wait for a reviewer, like
 * a change of a version. Otherwise an app approved under one name could enter the store under another.
 * @param row the app, locked.
 * @returns the name and category that the app has from now on.
 * @throws Problem `quota_exceeded` (429) when too many were proposed today.
 */
export async function settleIdentity(
  tx: Queryable,
  row: AppRow,
  viewer: Viewer,
  change: AppChange,
): Promise<Identity> {
  const current = { name: row.name, category: row.category };
  if (change.name === undefined && change.category === undefined) return current;
  const isJudge = viewer.role === "admin" && !viewer.isDeveloper;
  if (isJudge || !(await isReviewed(tx, row))) {
    await endWaiting(tx, row.id, "withdrawn");
    const settled = identityOf(current, change);
    if (settled.name !== current.name) await renewNameCheck(tx, row, settled.name);
    return settled;
  }
  await propose(tx, row, current, change);
  return current;
}

async function isReviewed(tx: Queryable, { id, status, published_code_max }: AppRow): Promise<boolean> {
  return status !== "draft" || published_code_max !== null || hasApprovedVersion(tx, id);
}

async function propose(tx: Queryable, row: AppRow, current: Identity, change: AppChange): Promise<void> {
  const waiting =
    row.pending_name === null ? current : { name: row.pending_name, category: row.pending_category };
  const wanted = identityOf(waiting, change);
  if (isSame(wanted, waiting)) return;
  const isBack = isSame(wanted, current);
  await endWaiting(tx, row.id, isBack ? "withdrawn" : "superseded");
  if (isBack) return;
  if ((await countOfDay(tx, row.id)) >= listingsPerDayMax) {
    const detail = `An app can be renamed at most ${listingsPerDayMax} times in 24 hours: try again later.`;
    throw problem("quota_exceeded", detail, { headers: { "Retry-After": "3600" } });
  }
  const { id: appId, developer_id: developerId } = row;
  const checks = [await nameCheckOf(tx, developerId, wanted.name)];
  await insertListing(tx, { id: newId(), appId, developerId, ...wanted, checks });
}

function identityOf(before: Identity, { name, category }: AppChange): Identity {
  return { name: name ?? before.name, category: category === undefined ? before.category : category };
}

function isSame(a: Identity, b: Identity): boolean {
  return a.name === b.name && a.category === b.category;
}

/** Returns a proposed listing for a reviewer, compared with the current names of other apps in the store. */
export async function readListing(db: Queryable, id: string, reviewerId: string): Promise<Listing> {
  const row = await findListing(db, id);
  if (!row) throw missingListing();
  return listingNow(db, row, reviewerId);
}

/**
 * Ends a proposed listing with a decision. When it is approved, the app gets its name and category. Every
 * decision and every proposal locks the app, so concurrent ones happen one after the other.
 */
export async function decideListing(
  tx: Queryable,
  call: Call,
  id: string,
  decision: Decision,
): Promise<Listing> {
  const reviewerId = call.principal.developerId;
  const row = await lockListing(tx, id);
  if (!row) throw missingListing();
  const before = await listingNow(tx, row, reviewerId);
  requireMatch(call.ifMatch, tagOf(before));
  requireOpen(row, reviewerId);

  const { checks } = before;
  await updateDecision(tx, id, { ...decision, decidedBy: reviewerId, checks });
  const isApproved = decision.state === "approved";
  if (isApproved) {
    await updateApp(tx, row.app_id, sql`name = ${row.name}, category = ${row.category}`);
  }
  const [ended, app] = [await findListing(tx, id), await readApp(tx, row.app_id)];
  if (!ended) throw new Error("A listing is gone although its app was locked.");
  const { name, category } = row;
  // The actor is recorded as a session, which does not reveal who the reviewer is.
  await record(tx, authorOf(call, row.developer_id), {
    action: `app.listing_${decision.state}`,
    target: { type: "app", id: row.app_id },
    payload: {
      ...appOf(app),
      listing: { id, name, category, codes: decision.codes, notes: decision.notes },
    },
    ...(isApproved ? { state: { topic: topics.apps, key: row.app_id } } : {}),
  });
  return listingOf(ended, reviewerId);
}

/** Renews the name check of a listing that waits: another app may have come into the store since. */
async function listingNow(db: Queryable, row: ListingRow, reviewerId: string): Promise<Listing> {
  if (row.state !== "waiting") return listingOf(row, reviewerId);
  return listingOf(row, reviewerId, [await nameCheckOf(db, row.developer_id, row.name)]);
}
