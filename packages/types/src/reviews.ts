import Type, { type Static } from "typebox";
import { PackageId } from "./apps.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";
import { PageQuery } from "./pages.ts";
import { ReviewNotes, VersionAction, VersionStatus } from "./versions.ts";

/** The reasons why a version is rejected, and what its developer does about each. Codes are stable. */
export const reviewCodes = {
  package_unavailable: "Put the package at package_url, where everybody can fetch it, and submit again.",
  package_mismatch:
    "Make package_size and package_digest those of the package at package_url, and sign that.",
  app_broken:
    "Make the app start and do what it says on the devices that it is for; the notes say where it fails.",
  metadata_misleading: "Make name, description, category and tags say what the app does.",
  name_confusing: "Choose a name that nobody takes for another app.",
  permissions_excessive: "Ask for no permission that the app can do without; the notes name them.",
  privacy_violated: "Collect nothing beyond what the app tells its users; the notes say what was found.",
  content_prohibited: "Remove the content that the notes name.",
  malware_found: "Remove the code that harms devices or users; the notes say what was found.",
  other: "Do what the notes say.",
} as const;
export type ReviewCode = keyof typeof reviewCodes;
export const ReviewCode = Type.Enum(Object.keys(reviewCodes) as ReviewCode[]);

/** Text for people. It may have several lines. */
const Notes = Type.String({ minLength: 1, maxLength: 5000, pattern: "^[^\\u0000]*$" });

/** Body of `POST /v1/reviews/{id}:approve`. */
export const Approval = Type.Object({ notes: Type.Optional(Notes) }, { additionalProperties: false });
export type Approval = Static<typeof Approval>;

/**
 * Body of `POST /v1/reviews/{id}:reject`. The notes add what the codes cannot say: where the fault is, and
 * how to see it.
 */
export const Rejection = Type.Object(
  {
    codes: Type.Array(ReviewCode, { minItems: 1, maxItems: 10, uniqueItems: true }),
    notes: Notes,
  },
  { additionalProperties: false },
);
export type Rejection = Static<typeof Rejection>;

/** `withdrawn`: by its developer; `superseded`: by a newer submission of the same app. */
export const ReviewState = Type.Enum(["waiting", "approved", "rejected", "withdrawn", "superseded"]);
export type ReviewState = Static<typeof ReviewState>;

/**
 * A check that the platform makes itself. A reviewer judges a `warn`; a version with a `fail` cannot be
 * approved. `fix` is null when there is nothing to do.
 */
export const Check = Type.Object({
  code: Type.Enum(["signature_valid", "version_order", "name_similarity", "permissions_added"]),
  result: Type.Enum(["pass", "warn", "fail"]),
  message: Type.String(),
  fix: Nullable(Type.String()),
});
export type Check = Static<typeof Check>;

/**
 * One thing that happened to a submission. It does not name the reviewer: `by` is the role of whoever acted.
 */
export const ReviewEvent = Type.Object({
  review_id: Uuid,
  event: Type.Enum([
    ...(["submitted", "claimed", "released", "claim_expired"] as const),
    ...(["approved", "rejected", "withdrawn", "superseded"] as const),
  ]),
  by: Type.Enum(["developer", "reviewer", "platform"]),
  at: Timestamp,
  /** The codes of a decision; empty for other events, whose notes are null. */
  codes: Type.Array(Type.String()),
  notes: Nullable(Type.String()),
});
export type ReviewEvent = Static<typeof ReviewEvent>;

export const ReviewAction = Type.Enum(["claim", "release", "approve", "reject"]);
export type ReviewAction = Static<typeof ReviewAction>;

/** A submission as reviewers see it: only what has to be judged of its developer. */
export const Review = Type.Object({
  id: Uuid,
  state: ReviewState,
  package_id: Type.String(),
  app_name: Type.String(),
  description: Nullable(Type.String()),
  category: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  /**
   * The name and category that its developer proposes. They are decided separately, at `/v1/listings/{id}`.
   */
  pending_listing: Nullable(
    Type.Object({ id: Uuid, name: Type.String(), category: Nullable(Type.String()) }),
  ),
  version_code: Type.Integer(),
  version_name: Type.String(),
  package_url: Type.String(),
  package_size: Type.Integer(),
  package_digest: Type.String(),
  /** Fingerprint of the key. Null once the key is gone. */
  signing_key: Nullable(Type.String()),
  permissions: Type.Array(Type.String()),
  min_mosis_version: Nullable(Type.String()),
  release_notes: Nullable(Type.String()),
  submitted_at: Timestamp,
  /** The time when it was decided, withdrawn or superseded. */
  ended_at: Nullable(Timestamp),
  checks: Type.Array(Check),
  codes: Type.Array(Type.String()),
  notes: Nullable(Type.String()),
  /** The running claim; null when no reviewer has the submission now. */
  claim: Nullable(Type.Object({ by_me: Type.Boolean(), until: Timestamp })),
  allowed_actions: Type.Array(ReviewAction),
});
export type Review = Static<typeof Review>;

/** Query string of `GET /v1/reviews`. An omitted field does not filter. */
export const ReviewQuery = Type.Object(
  {
    ...PageQuery.properties,
    /** True returns only submissions that a reviewer has now, false only the others. */
    claimed: Type.Optional(Type.Boolean()),
    /** True returns only submissions that you have now, false only the others. */
    mine: Type.Optional(Type.Boolean()),
    package_id: Type.Optional(PackageId),
  },
  { additionalProperties: false },
);
export type ReviewQuery = Static<typeof ReviewQuery>;

/** The party that has to act next, and what it has to do. */
export const Waiting = Type.Object({
  for: Type.Enum(["reviewer", "developer", "nobody"]),
  message: Type.String(),
});
export type Waiting = Static<typeof Waiting>;

/** Answer of `GET …/versions/{version_code}/review`: the last submission of a version, for its developer. */
export const VersionReview = Type.Object({
  id: Uuid,
  package_id: Type.String(),
  version_code: Type.Integer(),
  version_status: VersionStatus,
  state: ReviewState,
  waits: Waiting,
  submitted_at: Timestamp,
  ended_at: Nullable(Timestamp),
  /** Place in the queue: 1 is next, 1001 means 1001 or more. Null unless it waits. */
  position: Nullable(Type.Integer({ minimum: 1 })),
  /** Median seconds from submission to decision for the last decisions. Null when there were none. */
  wait_p50_seconds: Nullable(Type.Integer()),
  wait_p90_seconds: Nullable(Type.Integer()),
  checks: Type.Array(Check),
  /** The reasons for its rejection, and what to do about each. */
  faults: Type.Array(Type.Object({ code: ReviewCode, fix: Type.String() })),
  notes: ReviewNotes,
  /** The last 100 events of all submissions of the version, oldest first. */
  timeline: Type.Array(ReviewEvent),
  /** The actions on the version. */
  allowed_actions: Type.Array(VersionAction),
});
export type VersionReview = Static<typeof VersionReview>;
