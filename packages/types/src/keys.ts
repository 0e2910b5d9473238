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
    "Create, change, publish, suspend and delete apps, lower their telemetry limits, restrict telemetry.",
  "versions:read": "Read versions of the key's apps, their reviews and their permissions.",
  "versions:write":
    "Upload versions of the key's apps, submit, publish and roll them out, halt and yank them.",
  "keys:read": "List keys (never their secrets).",
  "keys:write": "Create, change, rotate and delete keys.",
  "signing-keys:read": "List the keys that sign versions.",
  "signing-keys:write": "Add and revoke keys that sign versions.",
  "webhooks:read": "Read webhooks (never their secrets) and what was delivered to them.",
  "webhooks:write": "Create, change, ping and delete webhooks, and deliver again.",
  "audit:read": "Read the audit trail of the developer.",
  "account:read": "Read the developer's e-mail address, name and role.",
} as const;
export type Permission = keyof typeof permissions;
const permissionNames = Object.keys(permissions) as Permission[];
export const Permission = Type.Enum(permissionNames);

/**
 * What a secret cannot do any more that was rotated out and works on for its grace: each of these makes or
 * changes what outlives it.
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
      /** Which kinds of key may hold it. */
      kinds: Type.Array(KeyKind),
    }),
  ),
});
export type PermissionList = Static<typeof PermissionList>;

/** Some of the permissions, each once. */
const GrantedPermissions = Type.Array(Permission, {
  minItems: 1,
  maxItems: permissionNames.length,
  uniqueItems: true,
});

/** A range of addresses in CIDR notation, IPv4 or IPv6, or a single address. Answered without host bits. */
const Cidr = Type.String({ minLength: 2, maxLength: 49 });

/** From where a key works; none: from everywhere. */
const Cidrs = Type.Array(Cidr, { maxItems: 20 });

/**
 * Body of `POST /v1/keys`. Without `permissions` a key gets all that its
 * kind may hold; without `package_ids` every app.
 */
export const NewKey = Type.Object(
  {
    name: Name(100),
    kind: KeyKind,
    permissions: Type.Optional(GrantedPermissions),
    package_ids: Type.Optional(Type.Array(PackageId, { minItems: 1, maxItems: 100, uniqueItems: true })),
    expires_at: Type.Optional(Timestamp),
    /** Beside the limits of the app: how many events a second are taken with this key. */
    telemetry_events_per_second: Type.Optional(EventsPerSecond),
    cidrs: Type.Optional(Cidrs),
  },
  { additionalProperties: false },
);
export type NewKey = Static<typeof NewKey>;

/** Body of `PATCH /v1/keys/{id}`. What is left out stays. */
export const KeyChange = Type.Object(
  {
    name: Type.Optional(Name(100)),
    permissions: Type.Optional(GrantedPermissions),
    cidrs: Type.Optional(Cidrs),
    /** A disabled key is answered like one that does not exist. */
    disabled: Type.Optional(Type.Boolean()),
    /** Not later than it is: a key that shall live longer is another key. */
    expires_at: Type.Optional(Timestamp),
    telemetry_events_per_second: Type.Optional(Nullable(EventsPerSecond)),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type KeyChange = Static<typeof KeyChange>;

/** Body of `POST /v1/keys/{id}:rotate`. */
export const KeyRotation = Type.Object(
  {
    /** How long the secret from before works on. Up to seven days; without it, 24 hours. */
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
  /** Null: the limits of the app alone. */
  telemetry_events_per_second: Nullable(Type.Integer()),
  /** From where it works; none: from everywhere. */
  cidrs: Type.Array(Type.String()),
  disabled: Type.Boolean(),
  /**
   * Since when it does not work, because the account was reset or its owner asked for it; null once its owner
   * has confirmed it.
   */
  quarantined_at: Nullable(Timestamp),
  /** Its maker, which is disabled, and this one with it. Null when it is disabled by itself, or not. */
  disabled_by_key_id: Nullable(Uuid),
  /** When its secret was reported as public, until it is rotated. */
  leaked_at: Nullable(Timestamp),
  /** Until when the secret from before the last rotation works, or has worked; null: never rotated. */
  previous_secret_ends_at: Nullable(Timestamp),
  /** Up to five minutes and a few seconds old. */
  last_used_at: Nullable(Timestamp),
  expires_at: Nullable(Timestamp),
  created_at: Timestamp,
  /**
   * The key that made it: it never may do more than that one, and is disabled and deleted with it. Null for a
   * key that a session made or adopted.
   */
  created_by_key_id: Nullable(Uuid),
  /** The session that made or adopted it, which may have ended. */
  created_by_session_id: Nullable(Uuid),
});
export type Key = Static<typeof Key>;

/** Answer of `POST /v1/keys` and of a rotation: the only time the secret is told. */
export const KeyWithSecret = Type.Object({ ...Key.properties, secret: Type.String() });
export type KeyWithSecret = Static<typeof KeyWithSecret>;

/**
 * Value of a `catalog.keys` record: what other processes need to check a key. `key_hash` is the SHA-256 of
 * the whole secret, lower-case hex. `app_ids` is null for every app of the developer. What may be left out
 * is so in records from before keys had it. A disabled key has no record.
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
  /** Without host bits. None: from everywhere. */
  cidrs: Type.Optional(Type.Array(Type.String())),
  /** SHA-256 of the secret from before the last rotation, which works until `previous_ends_at`. */
  previous_key_hash: Type.Optional(Nullable(Type.String())),
  previous_ends_at: Type.Optional(Nullable(Timestamp)),
  /** True until its owner has confirmed it: it does not work, and is told why. */
  quarantined: Type.Optional(Type.Boolean()),
});
export type KeyState = Static<typeof KeyState>;
