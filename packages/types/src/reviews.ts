import Type, { type Static } from "typebox";
import { PackageId } from "./apps.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";
import { PageQuery } from "./pages.ts";
import { ReviewNotes, VersionAction, VersionStatus } from "./versions.ts";

/** Why a version is rejected, and what its developer does about it. Codes are stable. */
export const reviewCodes = {
  package_unavailable: "Put the package where package_url says, for everybody to fetch, and submit again.",
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

/** For people, several lines. */
const Notes = Type.String({ minLength: 1, maxLength: 5000, pattern: "^[^\\u0000]*$" });

/** Body of `POST /v1/reviews/{id}:approve`. */
export const Approval = Type.Object({ notes: Type.Optional(Notes) }, { additionalProperties: false });
export type Approval = Static<typeof Approval>;

/** Body of `POST /v1/reviews/{id}:reject`. The notes say what the codes cannot: where, and how to see it. */
export const Rejection = Type.Object(
  {
    codes: Type.Array(ReviewCode, { minItems: 1, maxItems: 10, uniqueItems: true }),
    notes: Notes,
  },
  { additionalProperties: false },
);
export type Rejection = Static<typeof Rejection>;

/** `withdrawn` by its developer; `superseded` by a newer submission of the same app. */
export const ReviewState = Type.Enum(["waiting", "approved", "rejected", "withdrawn", "superseded"]);
export type ReviewState = Static<typeof ReviewState>;

/**
 * What the platform looks at by itself. A `warn` is for the reviewer to judge; with a `fail` a version cannot
 * be approved. `fix` is null when there is nothing to do.
 */
export const Check = Type.Object({
  code: Type.Enum(["signature_valid", "version_order", "name_similarity", "permissions_added"]),
  result: Type.Enum(["pass", "warn", "fail"]),
  message: Type.String(),
  fix: Nullable(Type.String()),
});
export type Check = Static<typeof Check>;

/** One thing that happened to a submission. Who reviews is not told: `by` says in what part they did it. */
export const ReviewEvent = Type.Object({
  review_id: Uuid,
  event: Type.Enum([
    ...(["submitted", "claimed", "released", "claim_expired"] as const),
    ...(["approved", "rejected", "withdrawn", "superseded"] as const),
  ]),
  by: Type.Enum(["developer", "reviewer", "platform"]),
  at: Timestamp,
  /** Of a decision; empty and null otherwise. */
  codes: Type.Array(Type.String()),
  notes: Nullable(Type.String()),
});
export type ReviewEvent = Static<typeof ReviewEvent>;

export const ReviewAction = Type.Enum(["claim", "release", "approve", "reject"]);
export type ReviewAction = Static<typeof ReviewAction>;

/** A submission as reviewers see it: what has to be judged, and nothing else of its developer. */
export const Review = Type.Object({
  id: Uuid,
  state: ReviewState,
  package_id: Type.String(),
  app_name: Type.String(),
  description: Nullable(Type.String()),
  category: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  /** What its developer wants it to be named; decided by itself, at `/v1/listings/{id}`. */
  pending_listing: Nullable(
    Type.Object({ id: Uuid, name: Type.String(), category: Nullable(Type.String()) }),
  ),
  version_code: Type.Integer(),
  version_name: Type.String(),
  package_url: Type.String(),
  package_size: Type.Integer(),
  package_digest: Type.String(),
  /** Fingerprint; null once the key is gone. */
  signing_key: Nullable(Type.String()),
  permissions: Type.Array(Type.String()),
  min_mosis_version: Nullable(Type.String()),
  release_notes: Nullable(Type.String()),
  submitted_at: Timestamp,
  /** When it was decided, withdrawn or superseded. */
  ended_at: Nullable(Timestamp),
  checks: Type.Array(Check),
  codes: Type.Array(Type.String()),
  notes: Nullable(Type.String()),
  /** Null when nobody has it now. */
  claim: Nullable(Type.Object({ by_me: Type.Boolean(), until: Timestamp })),
  allowed_actions: Type.Array(ReviewAction),
});
export type Review = Static<typeof Review>;

/** Query string of `GET /v1/reviews`. What is left out does not filter. */
export const ReviewQuery = Type.Object(
  {
    ...PageQuery.properties,
    /** Whether somebody has it now. */
    claimed: Type.Optional(Type.Boolean()),
    /** Whether you have it now. */
    mine: Type.Optional(Type.Boolean()),
    package_id: Type.Optional(PackageId),
  },
  { additionalProperties: false },
);
export type ReviewQuery = Static<typeof ReviewQuery>;

/** Who has to act next, and what they have to do. */
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
  /** Place in the queue, 1 is next, 1001 stands for any further back; null unless it waits. */
  position: Nullable(Type.Integer({ minimum: 1 })),
  /** How long the last decisions took, from submission; null when there were none. */
  wait_p50_seconds: Nullable(Type.Integer()),
  wait_p90_seconds: Nullable(Type.Integer()),
  checks: Type.Array(Check),
  /** Why it was rejected, and what to do about it. */
  faults: Type.Array(Type.Object({ code: ReviewCode, fix: Type.String() })),
  notes: ReviewNotes,
  /** Of every submission of the version, from old to new; the last 100. */
  timeline: Type.Array(ReviewEvent),
  /** With the version. */
  allowed_actions: Type.Array(VersionAction),
});
export type VersionReview = Static<typeof VersionReview>;
