import { etagOf, type Problem, problem } from "@mosis/http";
import { type AppListing, type Listing, ListingAction } from "@mosis/types/listings";
import { type Check, type ReviewCode, reviewCodes } from "@mosis/types/reviews";
import type { Static } from "typebox";
import { endings } from "../reviews/actions.ts";
import { stateConflict } from "../../shared/refusal.ts";
import { type ListingRow, Shown } from "./queries.ts";

/**
 * Returns a proposed listing as a reviewer sees it.
 * @param checks the current ones; a listing that has ended keeps those from its end.
 */
export function listingOf(row: ListingRow, reviewerId: string, checks: Check[] = row.checks): Listing {
  const isOpen = row.state === "waiting" && row.developer_id !== reviewerId;
  return { ...shownOf(row), checks, allowed_actions: isOpen ? [...ListingAction.enum] : [] };
}

/** Returns a proposed listing as its developer sees it. */
export function ownListingOf(row: ListingRow): AppListing {
  const { id, state, package_id, name, category, submitted_at, ended_at, checks, codes, notes } = row;
  return {
    id,
    state,
    package_id,
    name,
    category,
    submitted_at,
    ended_at,
    checks,
    notes,
    faults: (codes as ReviewCode[]).map((code) => ({ code, fix: reviewCodes[code] })),
  };
}

/**
 * Refuses to decide over the reviewer's own app or a listing that has ended.
 * @throws Problem `permission_missing` (403) for an own app, `state_conflict` (409) when it has ended.
 */
export function requireOpen(row: ListingRow, reviewerId: string): void {
  if (row.developer_id === reviewerId) {
    throw problem("permission_missing", "You own this app: another reviewer has to decide.");
  }
  if (row.state === "waiting") return;
  const fix = "Nothing has to be done: take the next one from GET /v1/listings.";
  throw stateConflict("The listing", { code: `listing_${row.state}`, message: endings[row.state], fix });
}

export function tagOf(listing: Listing): string {
  return etagOf(JSON.stringify(listing));
}

export function missingListing(): Problem {
  return problem("not_found", "There is no such listing.");
}

const shownNames = Object.keys(Shown.properties) as (keyof typeof Shown.properties)[];

function shownOf(row: ListingRow): Static<typeof Shown> {
  return Object.fromEntries(shownNames.map((name) => [name, row[name]])) as Static<typeof Shown>;
}
