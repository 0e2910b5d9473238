import Type, { type Static } from "typebox";
import { Nullable, Timestamp, Uuid } from "./formats.ts";
import { MosisVersion } from "./versions.ts";

/** A version as the public store shows it. */
export const StoreVersion = Type.Object({
  version_code: Type.Integer(),
  version_name: Type.String(),
  package_url: Type.String(),
  /** Size in bytes. */
  package_size: Type.Integer(),
  /** SHA-256 of the package, lower-case hex. `signature` (base64) signs it. */
  package_digest: Nullable(Type.String()),
  signature: Type.String(),
  /** Fingerprint and public key (PEM) of the key that signed it. Null once the key is gone. */
  signing_key: Nullable(Type.String()),
  public_key: Nullable(Type.String()),
  permissions: Type.Array(Type.String()),
  min_mosis_version: Nullable(Type.String()),
  release_notes: Nullable(Type.String()),
  published_at: Timestamp,
});
export type StoreVersion = Static<typeof StoreVersion>;

/** A published app. `latest_version` is the newest version that all installs get; null when there is none. */
export const StoreApp = Type.Object({
  package_id: Type.String(),
  name: Type.String(),
  description: Nullable(Type.String()),
  category: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  published_at: Timestamp,
  updated_at: Timestamp,
  latest_version: Nullable(StoreVersion),
});
export type StoreApp = Static<typeof StoreApp>;

/**
 * Query string of `GET /v1/store/apps/{package_id}/latest`. Without `install_id` the answer is the version
 * that all installs get. `install_id` is a random id of the install and is never stored; a hash of it and of
 * the version decides whether the install gets a version in rollout.
 */
export const DeviceQuery = Type.Object(
  { mosis_version: MosisVersion, install_id: Type.Optional(Uuid) },
  { additionalProperties: false },
);
export type DeviceQuery = Static<typeof DeviceQuery>;

/** `version` is null when no version of the app runs on that version of Mosis. */
export const DeviceVersion = Type.Object({
  package_id: Type.String(),
  version: Nullable(StoreVersion),
});
export type DeviceVersion = Static<typeof DeviceVersion>;
