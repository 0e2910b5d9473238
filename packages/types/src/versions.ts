import Type, { type Static } from "typebox";
import { Label, Nullable, Sha256Hex, Timestamp, Uuid } from "./formats.ts";
import { SignatureText } from "./signing-keys.ts";

export const versionCodeMax = 2_147_483_647;

/** Number of a version within its app; a device takes a greater one for newer. */
export const VersionCode = Type.Integer({ minimum: 1, maximum: versionCodeMax });

/** Most bytes of a package. */
export const packageBytesMax = 4_294_967_296;

/** One to four numbers with dots between them, compared number by number: `1.10` is newer than `1.9`. */
export const MosisVersion = Type.String({
  pattern: String.raw`^(0|[1-9]\d{0,3})(\.(0|[1-9]\d{0,3})){0,3}$`,
  maxLength: 20,
  description: "Send one to four numbers with dots between them, for example 1.4.0.",
});

/** What an app asks for on a device: one of `appPermissions`, or one that a device may know. */
const AppPermission = Type.String({
  pattern: String.raw`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`,
  maxLength: 100,
  description: "Send names in lower case, for example location_precise.",
});

/** Everything of a version that its developer may change while it is a draft or rejected. */
const changeable = {
  /** As people read it, a semantic version with its build for example: `2.0.0-beta.1+exp.sha.5114f85`. */
  version_name: Label(64),
  /** Where devices get the package: https, a public host, no credentials. */
  package_url: Type.String({
    pattern: String.raw`^https://[^\s\u0000-\u0020]+$`,
    maxLength: 2048,
    description: "Send an https URL of a public host, without user, password and fragment.",
  }),
  /** Bytes. */
  package_size: Type.Integer({ minimum: 1, maximum: packageBytesMax }),
  package_digest: Sha256Hex,
  /** Of the 32 bytes of `package_digest`. */
  signature: SignatureText,
  /** Fingerprint of a signing key of the app's developer. */
  signing_key: Sha256Hex,
  permissions: Type.Array(AppPermission, { maxItems: 100, uniqueItems: true }),
  min_mosis_version: Nullable(MosisVersion),
  release_notes: Nullable(Type.String({ maxLength: 10_000, pattern: "^[^\\u0000]*$" })),
};

/** Body of `POST /v1/apps/{package_id}/versions`: about a package that lies at `package_url` already. */
export const NewVersion = Type.Object(
  {
    version_code: VersionCode,
    ...changeable,
    permissions: Type.Optional(changeable.permissions),
    min_mosis_version: Type.Optional(changeable.min_mosis_version),
    release_notes: Type.Optional(changeable.release_notes),
  },
  { additionalProperties: false },
);
export type NewVersion = Static<typeof NewVersion>;

/** Body of `PATCH /v1/apps/{package_id}/versions/{version_code}`: what is left out stays. */
export const VersionChange = Type.Partial(Type.Object(changeable), {
  additionalProperties: false,
  minProperties: 1,
});
export type VersionChange = Static<typeof VersionChange>;

/** Body of `:publish`. Without `rollout_percent` all installs get the version at once. */
export const Publication = Type.Object(
  { rollout_percent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) },
  { additionalProperties: false },
);
export type Publication = Static<typeof Publication>;

/** Body of `:rollout`. */
export const Rollout = Type.Object(
  {
    rollout_percent: Type.Integer({
      minimum: 1,
      maximum: 99,
      description: "Send a whole number from 1 to 99; :complete makes it 100.",
    }),
  },
  { additionalProperties: false },
);
export type Rollout = Static<typeof Rollout>;

/** Body of `:halt` and `:yank`: shown to the developer, and of a yanked version to everybody. */
export const VersionReason = Type.Object({ reason: Label(500) }, { additionalProperties: false });
export type VersionReason = Static<typeof VersionReason>;

/** Status as in the database selection. Whether devices get a published one says `availability`. */
export const VersionStatus = Type.Enum(["draft", "review", "approved", "published", "rejected"]);
export type VersionStatus = Static<typeof VersionStatus>;

/**
 * Of a published version. `rollout`: `rollout_percent` of the installs get it; `available`: all of them do;
 * `halted`: none for now; `superseded`: none any more, a newer one was published before it reached 100
 * percent; `yanked`: none any more, for a reason.
 */
export const Availability = Type.Enum(["rollout", "available", "halted", "superseded", "yanked"]);
export type Availability = Static<typeof Availability>;

/** Where a version stands: its status, and of a published one its availability. */
export type VersionState = Exclude<VersionStatus, "published"> | Availability;

/** What can be done with a version. `approve` and `reject` are a reviewer's, on its review. */
export const VersionAction = Type.Enum([
  ...(["change", "delete", "submit", "withdraw", "approve", "reject", "publish", "rollout"] as const),
  ...(["halt", "resume", "complete", "yank"] as const),
]);
export type VersionAction = Static<typeof VersionAction>;

/** What the reviewer of the last review has said, for people; null when nothing. */
export const ReviewNotes = Nullable(Type.String());

/** A version as its developer sees it. */
export const Version = Type.Object({
  id: Uuid,
  package_id: Type.String(),
  version_code: Type.Integer(),
  version_name: Type.String(),
  package_url: Type.String(),
  package_size: Type.Integer(),
  package_digest: Type.String(),
  signature: Type.String(),
  /** Null once the key is gone. */
  signing_key: Nullable(Type.String()),
  permissions: Type.Array(Type.String()),
  min_mosis_version: Nullable(Type.String()),
  release_notes: Nullable(Type.String()),
  status: VersionStatus,
  /** Null unless `status` is `published`. */
  availability: Nullable(Availability),
  rollout_percent: Nullable(Type.Integer()),
  halted_at: Nullable(Timestamp),
  halt_reason: Nullable(Type.String()),
  yanked_at: Nullable(Timestamp),
  yank_reason: Nullable(Type.String()),
  review_notes: ReviewNotes,
  submitted_at: Nullable(Timestamp),
  published_at: Nullable(Timestamp),
  created_at: Timestamp,
  updated_at: Timestamp,
  /** What whoever reads this may do with it now, as far as state and role decide. */
  allowed_actions: Type.Array(VersionAction),
});
export type Version = Static<typeof Version>;

/** `allows` is null for a permission that Mosis does not know; that counts as dangerous. */
const ExplainedPermission = Type.Object({
  name: Type.String(),
  allows: Nullable(Type.String()),
  dangerous: Type.Boolean(),
});
export type ExplainedPermission = Static<typeof ExplainedPermission>;

/**
 * Query string of `GET …/permission-diff`. Without `against`: the published version with the greatest smaller
 * code.
 */
export const PermissionDiffQuery = Type.Object(
  { against: Type.Optional(VersionCode) },
  { additionalProperties: false },
);

/** What a version asks for and `against` did not, and the other way round. `against` null: the first. */
export const PermissionDiff = Type.Object({
  version_code: Type.Integer(),
  against: Nullable(Type.Integer()),
  added: Type.Array(ExplainedPermission),
  removed: Type.Array(ExplainedPermission),
  /** Names of `added` that are dangerous. */
  dangerous_added: Type.Array(Type.String()),
});
export type PermissionDiff = Static<typeof PermissionDiff>;
