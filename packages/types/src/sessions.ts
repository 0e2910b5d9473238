import Type, { type Static } from "typebox";
import { TypedPassword } from "./developers.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";

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
 * A session as a list shows it. It ends at `idle_expires_at` when it is not used before, at `expires_at` in
 * any case. `address` is the IP address that it was begun from, `last_address` the one that it was last used
 * from; `last_used_at` and `last_address` are right to five minutes. `user_agent` is what the client called
 * itself when it signed in, at most 200 characters. All three are null when they are not known. `current` is
 * true for the session that the request was sent with.
 */
export const Session = Type.Object({
  id: Uuid,
  user_agent: Nullable(Type.String()),
  address: Nullable(Type.String()),
  last_address: Nullable(Type.String()),
  created_at: Timestamp,
  last_used_at: Timestamp,
  idle_expires_at: Timestamp,
  expires_at: Timestamp,
  current: Type.Boolean(),
});
export type Session = Static<typeof Session>;

/** Answer of `POST /v1/sessions:revoke-others`. */
export const RevokedSessions = Type.Object({ revoked: Type.Integer() });
