import Type, { type Static } from "typebox";
import { TypedPassword } from "./developers.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";
import { AuthenticationCredential } from "./passkeys.ts";
import { SecondFactor, TotpCode, TypedRecoveryCode } from "./second-factors.ts";

/** Body of `POST /v1/sessions`. */
export const NewSession = Type.Object(
  { email: Type.String({ maxLength: 255 }), password: TypedPassword },
  { additionalProperties: false },
);
export type NewSession = Static<typeof NewSession>;

/** Answer of signing in: the bearer token, returned only once, and the latest time at which it ends. */
export const SessionWithToken = Type.Object({ token: Type.String(), expires_at: Timestamp });
export type SessionWithToken = Static<typeof SessionWithToken>;

/** Body of `POST /v1/sessions:reauthenticate`. */
export const Reauthentication = Type.Object({ password: TypedPassword }, { additionalProperties: false });

/** Answer of `POST /v1/sessions:reauthenticate`: the time until which the session counts as recent. */
export const Reauthenticated = Type.Object({ recent_until: Timestamp });

/**
 * Answer of signing in (202) for a developer with a second factor. The password or the provider was right,
 * and one of `second_factors` is missing. Send it with `sign_in_token` to `POST /v1/sessions:complete` before
 * `expires_at`, in at most five attempts.
 */
export const SecondFactorNeeded = Type.Object({
  sign_in_token: Type.String(),
  expires_at: Timestamp,
  second_factors: Type.Array(SecondFactor),
});
export type SecondFactorNeeded = Static<typeof SecondFactorNeeded>;

/** Body of `POST /v1/sessions:complete`: the token and one of the three factors. */
export const SessionCompletion = Type.Object(
  {
    sign_in_token: Type.String({ maxLength: 100 }),
    totp_code: Type.Optional(TotpCode),
    recovery_code: Type.Optional(TypedRecoveryCode),
    passkey: Type.Optional(AuthenticationCredential),
  },
  {
    additionalProperties: false,
    minProperties: 2,
    maxProperties: 2,
    description: "Send sign_in_token and exactly one of totp_code, recovery_code and passkey.",
    examples: [{ sign_in_token: "mn_live_…", totp_code: "492039" }],
  },
);
export type SessionCompletion = Static<typeof SessionCompletion>;

/**
 * A session as a list shows it. It ends at `idle_expires_at` when it is not used before, and at `expires_at`
 * in any case. `address` is the IP address at which it began, `last_address` the one of its last use;
 * `last_used_at` and `last_address` are accurate to five minutes. `user_agent` is what the client called
 * itself when it signed in, at most 200 characters. All three are null when they are not known.
 * `second_factor` is the factor it was signed in with beside a password or a provider, or null. `current` is
 * true for the session that sent the request.
 */
export const Session = Type.Object({
  id: Uuid,
  user_agent: Nullable(Type.String()),
  address: Nullable(Type.String()),
  last_address: Nullable(Type.String()),
  second_factor: Nullable(SecondFactor),
  created_at: Timestamp,
  last_used_at: Timestamp,
  idle_expires_at: Timestamp,
  expires_at: Timestamp,
  current: Type.Boolean(),
});
export type Session = Static<typeof Session>;

/** Answer of `POST /v1/sessions:revoke-others`. */
export const RevokedSessions = Type.Object({ revoked: Type.Integer() });
