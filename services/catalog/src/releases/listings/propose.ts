import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AppChange } from "@mosis/types/apps";
import type { AppRow } from "../apps/queries.ts";
import type { Viewer } from "../../access/principal.ts";
import { nameCheckOf, renewNameCheck } from "../reviews/name-check.ts";
import { countOfDay, endWaiting, hasApprovedVersion, insertListing } from "./queries.ts";

/** Of one app, in 24 hours: each is kept. */
const listingsPerDayMax = 20;

/** What the store says which app it is. */
export type Identity = Pick<AppRow, "name" | "category">;

/**
 * Takes a change of name and category. Once a version of the app was approved they wait for a reviewer, like
 * what is changed of a version: whoever was approved under one name could come into the store under another.
 * @param row the app, locked.
 * @returns name and category that the app has from now on.
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
    const detail = `An app is renamed ${listingsPerDayMax} times in 24 hours at most: try again later.`;
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
