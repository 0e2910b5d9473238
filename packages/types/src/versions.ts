import Type, { type Static } from "typebox";
import { Label, Nullable, Sha256Hex, Timestamp, Uuid } from "./formats.ts";
import { SignatureText } from "./signing-keys.ts";

export const versionCodeMax = 2_147_483_647;

/** Number of a version within its app. A device takes a greater number as newer. */
export const VersionCode = Type.Integer({ minimum: 1, maximum: versionCodeMax });

/**
 * The greatest size of a package, in bytes.
 * @limit the package of a version
 */
export const packageBytesMax = 4_294_967_296;

/** One to four numbers with dots between them, compared number by number: `1.10` is newer than `1.9`. */
export const MosisVersion = Type.String({
  pattern: String.raw`^(0|[1-9]\d{0,3})(\.(0|[1-9]\d{0,3})){0,3}$`,
  maxLength: 20,
  description: "Send one to four numbers with dots between them, for example 1.4.0.",
});

/**
 * A permission that an app asks for on a device: one of `appPermissions`, or one that only a device knows.
 */
const AppPermission = Type.String({
  pattern: String.raw`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`,
  maxLength: 100,
  description: "Send names in lower case, for example location_precise.",
});

/** The fields of a version that its developer may change while it is a draft or rejected. */
const changeable = {
  /**
   * The version as people read it, for example a semantic version with its build:
   * `2.0.0-beta.1+exp.sha.5114f85`.
   */
  version_name: Label(64),
  /** The URL from which devices get the package: https, a public host, no credentials. */
  package_url: Type.String({
    pattern: String.raw`^https://[^\s\u0000-\u0020]+$`,
    maxLength: 2048,
    description: "Send an https URL of a public host, without user, password and fragment.",
  }),
  /** Size in bytes. */
  package_size: Type.Integer({ minimum: 1, maximum: packageBytesMax }),
  package_digest: Sha256Hex,
  /** The signature of the 32 bytes of `package_digest`. */
  signature: SignatureText,
  /** Fingerprint of a signing key of the app's developer. */
  signing_key: Sha256Hex,
  permissions: Type.Array(AppPermission, { maxItems: 100, uniqueItems: true }),
  min_mosis_version: Nullable(MosisVersion),
  release_notes: Nullable(Type.String({ maxLength: 10_000, pattern: "^[^\\u0000]*$" })),
};

/** Body of `POST /v1/apps/{package_id}/versions`. The package must already be at `package_url`. */
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

/** Body of `PATCH /v1/apps/{package_id}/versions/{version_code}`. Omitted fields stay. */
export const VersionChange = Type.Partial(Type.Object(changeable), {
  additionalProperties: false,
  minProperties: 1,
});
export type VersionChange = Static<typeof VersionChange>;

/** Body of `:publish`. When `rollout_percent` is omitted, all installs get the version at once. */
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

/**
 * Body of `:halt` and `:yank`. The developer sees the reason; everybody sees the reason of a yanked version.
 */
export const VersionReason = Type.Object({ reason: Label(500) }, { additionalProperties: false });
export type VersionReason = Static<typeof VersionReason>;

/** Status as in the database selection. `availability` says whether devices get a published version. */
export const VersionStatus = Type.Enum(["draft", "review", "approved", "published", "rejected"]);
export type VersionStatus = Static<typeof VersionStatus>;

/**
 * Availability of a published version. `rollout`: `rollout_percent` of the installs get it; `available`: all
 * installs get it; `halted`: no install gets it for now; `superseded`: no install gets it any more, because a
 * newer one was published before it reached 100 percent; `yanked`: no install gets it any more, for the given
 * reason.
 */
export const Availability = Type.Enum(["rollout", "available", "halted", "superseded", "yanked"]);
export type Availability = Static<typeof Availability>;

/** The state of a version: its status, or its availability when it is published. */
export type VersionState = Exclude<VersionStatus, "published"> | Availability;

/** The actions on a version. Only a reviewer may `approve` and `reject`, on its review. */
export const VersionAction = Type.Enum([
  ...(["change", "delete", "submit", "withdraw", "approve", "reject", "publish", "rollout"] as const),
  ...(["halt", "resume", "complete", "yank"] as const),
]);
export type VersionAction = Static<typeof VersionAction>;

/** The notes of the last review, for people. Null when there are none. */
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
  /** Fingerprint of the key that signed it; null once the key is gone. */
  signing_key: Nullable(Type.String()),
  permissions: Type.Array(Type.String()),
  min_mosis_version: Nullable(Type.String()),
  release_notes: Nullable(Type.String()),
  status: VersionStatus,
  /** The availability of a published version; null for any other status. */
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
  /** The actions that the caller may take now, as far as state and role decide. */
  allowed_actions: Type.Array(VersionAction),
});
export type Version = Static<typeof Version>;

/** `allows` is null for a permission that Mosis does not know; such a permission counts as dangerous. */
const ExplainedPermission = Type.Object({
  name: Type.String(),
  allows: Nullable(Type.String()),
  dangerous: Type.Boolean(),
});
export type ExplainedPermission = Static<typeof ExplainedPermission>;

/**
 * Query string of `GET …/permission-diff`. When `against` is omitted, it is the published version with the
 * greatest smaller code.
 */
export const PermissionDiffQuery = Type.Object(
  { against: Type.Optional(VersionCode) },
  { additionalProperties: false },
);

/**
 * The permissions that only this version or only `against` asks for. `against` is null when this is the first
 * version.
 */
export const PermissionDiff = Type.Object({
  version_code: Type.Integer(),
  against: Nullable(Type.Integer()),
  added: Type.Array(ExplainedPermission),
  removed: Type.Array(ExplainedPermission),
  /** Names of `added` that are dangerous. */
  dangerous_added: Type.Array(Type.String()),
});
export type PermissionDiff = Static<typeof PermissionDiff>;
