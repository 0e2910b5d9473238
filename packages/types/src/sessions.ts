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

/** What signing in answers: the bearer token, told once, and when it ends at the latest. */
export const SessionWithToken = Type.Object({ token: Type.String(), expires_at: Timestamp });
export type SessionWithToken = Static<typeof SessionWithToken>;

/** Body of `POST /v1/sessions:reauthenticate`. */
export const Reauthentication = Type.Object({ password: TypedPassword }, { additionalProperties: false });

/** Answer of `POST /v1/sessions:reauthenticate`: until when the session may do what needs a recent one. */
export const Reauthenticated = Type.Object({ recent_until: Timestamp });

/**
 * What signing in answers (202) to somebody with a second factor: the password or the provider was right, and
 * one of `second_factors` is missing. `sign_in_token` goes to `POST /v1/sessions:complete` with it, before
 * `expires_at` and with at most five attempts.
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
 * A session as a list shows it. It ends at `idle_expires_at` when it is not used before, at `expires_at` in
 * any case. `address` is the IP address that it was begun from, `last_address` the one that it was last used
 * from; `last_used_at` and `last_address` are right to five minutes. `user_agent` is what the client called
 * itself when it signed in, at most 200 characters. All three are null when they are not known.
 * `second_factor` is what it was signed in with beside a password or a provider, or null. `current` is true
 * for the session that the request was sent with.
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
