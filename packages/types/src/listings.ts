import Type, { type Static } from "typebox";
import { Nullable, Timestamp, Uuid } from "./formats.ts";
import { Check, ReviewCode, ReviewState } from "./reviews.ts";

/** The actions on a proposed listing. */
export const ListingAction = Type.Enum(["approve", "reject"]);
export type ListingAction = Static<typeof ListingAction>;

/**
 * A name and a category that a developer wants for an approved app, as reviewers see it beside the app's
 * current values (`app_…`). `withdrawn`: its developer went back to the current values; `superseded`: its
 * developer made another proposal.
 */
export const Listing = Type.Object({
  id: Uuid,
  state: ReviewState,
  package_id: Type.String(),
  name: Type.String(),
  category: Nullable(Type.String()),
  app_name: Type.String(),
  app_category: Nullable(Type.String()),
  description: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  submitted_at: Timestamp,
  ended_at: Nullable(Timestamp),
  checks: Type.Array(Check),
  codes: Type.Array(Type.String()),
  notes: Nullable(Type.String()),
  allowed_actions: Type.Array(ListingAction),
});
export type Listing = Static<typeof Listing>;

/** Answer of `GET /v1/apps/{package_id}/listing`: the last proposal of an app, for its developer. */
export const AppListing = Type.Object({
  ...Type.Pick(Listing, ["id", "state", "package_id", "name", "category"]).properties,
  ...Type.Pick(Listing, ["submitted_at", "ended_at", "checks", "notes"]).properties,
  /** The reasons for its rejection, and what to do about each. */
  faults: Type.Array(Type.Object({ code: ReviewCode, fix: Type.String() })),
});
export type AppListing = Static<typeof AppListing>;
