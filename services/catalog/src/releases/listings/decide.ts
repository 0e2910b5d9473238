import type { IncomingMessage } from "node:http";
import { requestId, requireMatch } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import type { Listing } from "@mosis/types/listings";
import { topics } from "@mosis/types/topics";
import { appOf } from "../apps/app.ts";
import { readApp, updateApp } from "../apps/queries.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import type { Principal } from "../../access/principal.ts";
import { nameCheckOf } from "../reviews/name-check.ts";
import type { Decision } from "../reviews/decision.ts";
import { listingOf, missingListing, requireOpen, tagOf } from "./listing.ts";
import { findListing, type ListingRow, lockListing, updateDecision } from "./queries.ts";

/** A proposed listing for a reviewer, with the names of others in the store as they are now. */
export async function readListing(db: Queryable, id: string, reviewerId: string): Promise<Listing> {
  const row = await findListing(db, id);
  if (!row) throw missingListing();
  return listingNow(db, row, reviewerId);
}

/**
 * Ends a proposed listing with a decision. Approved, the app has its name and category from now on. Of two
 * decisions at once, and of a decision and another proposal, one comes first: all of them lock the app.
 */
export async function decideListing(
  tx: Queryable,
  req: IncomingMessage,
  { principal, id, decision }: { principal: Principal; id: string; decision: Decision },
): Promise<Listing> {
  const reviewerId = principal.developerId;
  const row = await lockListing(tx, id);
  if (!row) throw missingListing();
  const before = await listingNow(tx, row, reviewerId);
  requireMatch(req, tagOf(before));
  requireOpen(row, reviewerId);

  const { checks } = before;
  await updateDecision(tx, id, { ...decision, decidedBy: reviewerId, checks });
  const isApproved = decision.state === "approved";
  if (isApproved) {
    await updateApp(tx, row.app_id, sql`name = ${row.name}, category = ${row.category}`);
  }
  const [ended, app] = [await findListing(tx, id), await readApp(tx, row.app_id)];
  if (!ended) throw new Error("A listing is gone whose app was locked.");
  const { name, category } = row;
  await appendOutbox(tx, {
    developerId: row.developer_id,
    // A session, which says nothing of who it is.
    actor: principal.actor,
    requestId: requestId(req),
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

/** What the name of one that waits is like, is as of now: another app may have come into the store since. */
async function listingNow(db: Queryable, row: ListingRow, reviewerId: string): Promise<Listing> {
  if (row.state !== "waiting") return listingOf(row, reviewerId);
  return listingOf(row, reviewerId, [await nameCheckOf(db, row.developer_id, row.name)]);
}
