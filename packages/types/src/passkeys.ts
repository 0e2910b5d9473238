import Type, { type Static } from "typebox";
import { Name, Nullable, Timestamp, Uuid } from "./formats.ts";

/** Base64url without padding: the format of every binary value in WebAuthn's JSON (Level 3 §5.1). */
const Base64Url = (maxLength: number) => Type.String({ pattern: "^[A-Za-z0-9_-]*$", maxLength });

/** A credential id has at most 1023 bytes (WebAuthn Level 3 §4). */
const CredentialId = Base64Url(1364);
const ClientData = Base64Url(8192);

/**
 * The result of `navigator.credentials.create()`, as its `toJSON()` writes it. Fields that browsers add are
 * ignored.
 */
export const RegistrationCredential = Type.Object({
  id: CredentialId,
  rawId: CredentialId,
  type: Type.Enum(["public-key"]),
  response: Type.Object({
    clientDataJSON: ClientData,
    attestationObject: Base64Url(16_384),
    transports: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 10 })),
  }),
});
export type RegistrationCredential = Static<typeof RegistrationCredential>;

/** The result of `navigator.credentials.get()`, as its `toJSON()` writes it. */
export const AuthenticationCredential = Type.Object({
  id: CredentialId,
  rawId: CredentialId,
  type: Type.Enum(["public-key"]),
  response: Type.Object({
    clientDataJSON: ClientData,
    authenticatorData: Base64Url(4096),
    signature: Base64Url(2048),
    userHandle: Type.Optional(Nullable(Base64Url(100))),
  }),
});
export type AuthenticationCredential = Static<typeof AuthenticationCredential>;

const Descriptor = Type.Object({
  id: Type.String(),
  type: Type.String(),
  transports: Type.Optional(Type.Array(Type.String())),
});

/**
 * The options for `navigator.credentials.create()`, parsed by
 * `PublicKeyCredential.parseCreationOptionsFromJSON()`.
 */
export const PasskeyCreationOptions = Type.Object({
  public_key: Type.Object({
    rp: Type.Object({ id: Type.String(), name: Type.String() }),
    user: Type.Object({ id: Type.String(), name: Type.String(), displayName: Type.String() }),
    challenge: Type.String(),
    pubKeyCredParams: Type.Array(Type.Object({ type: Type.String(), alg: Type.Integer() })),
    timeout: Type.Integer(),
    excludeCredentials: Type.Array(Descriptor),
    authenticatorSelection: Type.Object({
      residentKey: Type.String(),
      requireResidentKey: Type.Boolean(),
      userVerification: Type.String(),
    }),
    attestation: Type.String(),
  }),
});
export type PasskeyCreationOptions = Static<typeof PasskeyCreationOptions>;

/**
 * The options for `navigator.credentials.get()`, parsed by
 * `PublicKeyCredential.parseRequestOptionsFromJSON()`. Send its result to `POST /v1/sessions:complete` with
 * `sign_in_token`.
 */
export const PasskeyRequestOptions = Type.Object({
  sign_in_token: Type.String(),
  public_key: Type.Object({
    rpId: Type.String(),
    challenge: Type.String(),
    timeout: Type.Integer(),
    allowCredentials: Type.Array(Descriptor),
    userVerification: Type.String(),
  }),
});
export type PasskeyRequestOptions = Static<typeof PasskeyRequestOptions>;

/**
 * Body of `POST /v1/sessions:passkey-options`. With a `sign_in_token` the passkey is the second factor of
 * that sign-in; without one it is the whole sign-in.
 */
export const PasskeyRequest = Type.Object(
  { sign_in_token: Type.Optional(Type.String({ maxLength: 100 })) },
  { additionalProperties: false },
);
export type PasskeyRequest = Static<typeof PasskeyRequest>;

/** A passkey as a list shows it. `backed_up` is true when it is on several devices, or can be. */
export const Passkey = Type.Object({
  id: Uuid,
  name: Type.String(),
  backed_up: Type.Boolean(),
  created_at: Timestamp,
  last_used_at: Nullable(Timestamp),
});
export type Passkey = Static<typeof Passkey>;

/** All passkeys of a developer, oldest first: at most 20. */
export const PasskeyList = Type.Object({ data: Type.Array(Passkey) });

/** Body of `POST /v1/developers/me/passkeys`. */
export const NewPasskey = Type.Object(
  { name: Name(100), credential: RegistrationCredential },
  { additionalProperties: false },
);
export type NewPasskey = Static<typeof NewPasskey>;

/** Answer of `POST /v1/developers/me/passkeys`: see `FactorEnrolled`. */
export const PasskeyEnrolled = Type.Object({
  ...Passkey.properties,
  recovery_codes: Nullable(Type.Array(Type.String())),
});
export type PasskeyEnrolled = Static<typeof PasskeyEnrolled>;

/** Body of `PATCH /v1/developers/me/passkeys/{id}`. */
export const PasskeyChange = Type.Object({ name: Name(100) }, { additionalProperties: false });
export type PasskeyChange = Static<typeof PasskeyChange>;
