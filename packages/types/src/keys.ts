import Type, { type Static } from "typebox";
import { PackageId } from "./apps.ts";
import { Name, Nullable, Timestamp, Uuid } from "./formats.ts";
import { EventsPerSecond } from "./telemetry-limits.ts";

/** Every permission and what it allows. A key holds a subset; a session holds all. */
export const permissions = {
  "telemetry:write":
    "Send telemetry of the key's apps and read its receipts; management keys replay what was rejected.",
  "telemetry:read": "Read receipts, outcomes and rejected events of the key's apps.",
  "telemetry:erase": "Erase what is stored of an install, and read how that ended.",
  "apps:read": "Read apps, their telemetry limits, restrictions and retention.",
  "apps:write":
    "Change, publish, suspend, restore and delete apps, lower their telemetry limits, restrict their " +
    "telemetry, change their retention; with a key for every app, create apps.",
  "versions:read": "Read versions of the key's apps, their reviews and their permissions.",
  "versions:write":
    "Upload versions of the key's apps, submit, publish and roll them out, halt and yank them.",
  "keys:read": "List keys (never their secrets).",
  "keys:write": "Create, change, rotate and delete keys.",
  "signing-keys:read": "List the keys that sign versions.",
  "signing-keys:write": "Add and revoke keys that sign versions, with a key for every app.",
  "webhooks:read":
    "Read webhooks (never their secrets) and what was delivered to them, with a key for every app.",
  "webhooks:write": "Create, change, ping and delete webhooks, and deliver again, with a key for every app.",
  "audit:read": "Read the audit trail of the developer, with a key for every app.",
  "account:read": "Read the developer's e-mail address, name and role, with a key for every app.",
} as const;
export type Permission = keyof typeof permissions;
const permissionNames = Object.keys(permissions) as Permission[];
export const Permission = Type.Enum(permissionNames);

/**
 * The permissions that a rotated-out secret loses while it still works for its grace period: each of them
 * makes or changes something that outlives the secret.
 */
export const managingPermissions: readonly Permission[] = [
  "keys:write",
  "signing-keys:write",
  "webhooks:write",
];

/** `ingest` keys only write telemetry and may be shipped inside an app; `management` keys stay on servers. */
export const KeyKind = Type.Enum(["ingest", "management"]);
export type KeyKind = Static<typeof KeyKind>;

/** Answer of `GET /v1/permissions`. */
export const PermissionList = Type.Object({
  data: Type.Array(
    Type.Object({
      permission: Type.String(),
      /** A sentence for people. */
      allows: Type.String(),
      /** The kinds of key that may hold it. */
      kinds: Type.Array(KeyKind),
    }),
  ),
});
export type PermissionList = Static<typeof PermissionList>;

/** A set of permissions, without repeats. */
const GrantedPermissions = Type.Array(Permission, {
  minItems: 1,
  maxItems: permissionNames.length,
  uniqueItems: true,
});

/**
 * A range of addresses in CIDR notation, IPv4 or IPv6, or a single address. It is returned without host bits.
 */
const Cidr = Type.String({ minLength: 2, maxLength: 49 });

/** The addresses from which a key works. An empty list allows every address. */
const Cidrs = Type.Array(Cidr, { maxItems: 20 });

/**
 * Body of `POST /v1/keys`. A key without `permissions` gets all that its kind may hold; a key without
 * `package_ids` serves every app.
 */
export const NewKey = Type.Object(
  {
    name: Name(100),
    kind: KeyKind,
    permissions: Type.Optional(GrantedPermissions),
    package_ids: Type.Optional(Type.Array(PackageId, { minItems: 1, maxItems: 100, uniqueItems: true })),
    expires_at: Type.Optional(Timestamp),
    /** Events a second that are accepted with this key. The limits of the app apply as well. */
    telemetry_events_per_second: Type.Optional(EventsPerSecond),
    cidrs: Type.Optional(Cidrs),
  },
  { additionalProperties: false },
);
export type NewKey = Static<typeof NewKey>;

/** Body of `PATCH /v1/keys/{id}`. Omitted fields stay. */
export const KeyChange = Type.Object(
  {
    name: Type.Optional(Name(100)),
    permissions: Type.Optional(GrantedPermissions),
    cidrs: Type.Optional(Cidrs),
    /** A disabled key gets the same answer as a key that does not exist. */
    disabled: Type.Optional(Type.Boolean()),
    /** May not be later than the current end: create another key to live longer. */
    expires_at: Type.Optional(Timestamp),
    telemetry_events_per_second: Type.Optional(Nullable(EventsPerSecond)),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type KeyChange = Static<typeof KeyChange>;

/** Body of `POST /v1/keys/{id}:rotate`. */
export const KeyRotation = Type.Object(
  {
    /** Seconds that the previous secret keeps working. At most seven days; 24 hours when omitted. */
    grace_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 604_800 })),
  },
  { additionalProperties: false },
);
export type KeyRotation = Static<typeof KeyRotation>;

/** A key as a list shows it. `package_ids` is null when the key serves every app of its developer. */
export const Key = Type.Object({
  id: Uuid,
  name: Type.String(),
  kind: KeyKind,
  key_prefix: Type.String(),
  permissions: Type.Array(Type.String()),
  package_ids: Nullable(Type.Array(Type.String())),
  /** The key's own limit; null when only the limits of the app apply. */
  telemetry_events_per_second: Nullable(Type.Integer()),
  /** The addresses from which it works. An empty list allows every address. */
  cidrs: Type.Array(Type.String()),
  disabled: Type.Boolean(),
  /**
   * The time since when it has not worked, because the account was reset or its owner asked for it. Null once
   * its owner has confirmed it.
   */
  quarantined_at: Nullable(Timestamp),
  /**
   * The key that made this one, when this one is disabled because that key is. Null when it is not disabled,
   * or was disabled itself.
   */
  disabled_by_key_id: Nullable(Uuid),
  /** The time when its secret was reported as public. Null again after a rotation. */
  leaked_at: Nullable(Timestamp),
  /** The end of the previous secret, which may have passed. Null when the key was never rotated. */
  previous_secret_ends_at: Nullable(Timestamp),
  /** Time of the last use, up to five minutes and a few seconds old. */
  last_used_at: Nullable(Timestamp),
  expires_at: Nullable(Timestamp),
  created_at: Timestamp,
  /**
   * The key that made it. A key never may do more than its maker, and is disabled and deleted with it. Null
   * for a key that a session made or adopted.
   */
  created_by_key_id: Nullable(Uuid),
  /** The session that made or adopted it, which may have ended. */
  created_by_session_id: Nullable(Uuid),
});
export type Key = Static<typeof Key>;

/** Answer of `POST /v1/keys` and of a rotation. The secret is returned only here. */
export const KeyWithSecret = Type.Object({ ...Key.properties, secret: Type.String() });
export type KeyWithSecret = Static<typeof KeyWithSecret>;

/**
 * Value of a `catalog.keys` record: what other processes need to check a key. `key_hash` is the SHA-256 of
 * the whole secret, lower-case hex. `app_ids` is null when the key serves every app of the developer.
 * Optional fields are missing in older records. A disabled key has no record.
 */
export const KeyState = Type.Object({
  key_id: Uuid,
  key_hash: Type.String(),
  kind: KeyKind,
  developer_id: Uuid,
  permissions: Type.Array(Type.String()),
  app_ids: Nullable(Type.Array(Uuid)),
  expires_at: Nullable(Timestamp),
  telemetry_events_per_second: Type.Optional(Nullable(EventsPerSecond)),
  /** Ranges without host bits. An empty list allows every address. */
  cidrs: Type.Optional(Type.Array(Type.String())),
  /** SHA-256 of the previous secret, which works until `previous_ends_at`. */
  previous_key_hash: Type.Optional(Nullable(Type.String())),
  previous_ends_at: Type.Optional(Nullable(Timestamp)),
  /** True until its owner has confirmed it. It does not work until then, and the answer says why. */
  quarantined: Type.Optional(Type.Boolean()),
});
export type KeyState = Static<typeof KeyState>;
