import Type, { type Static } from "typebox";
import { Name, Nullable, Timestamp, Uuid } from "./formats.ts";

/** E-mail address. Compared in lower case: `Ada@x.org` and `ada@x.org` are one account. */
export const Email = Type.String({
  maxLength: 255,
  pattern: "^[^\\s@\\u0000-\\u001f]+@[^\\s@\\u0000-\\u001f]+\\.[^\\s@.\\u0000-\\u001f]+$",
});

/** A new password. Only its argon2id hash is stored. */
export const NewPassword = Type.String({ minLength: 10, maxLength: 200 });

/** A password as it was typed. Its form is not checked here: a wrong password is not an invalid request. */
export const TypedPassword = Type.String({ maxLength: 200 });

/** Body of `POST /v1/developers`. */
export const NewDeveloper = Type.Object(
  { email: Email, name: Name(100), password: NewPassword },
  { additionalProperties: false },
);
export type NewDeveloper = Static<typeof NewDeveloper>;

/** The role of a developer: what it may do beyond its own apps when it has signed in. Keys have no role. */
export const Role = Type.Enum(["developer", "reviewer", "admin"]);
export type Role = Static<typeof Role>;

/**
 * A developer as it sees itself. `verified` is true when it has read a mail at its address or its provider
 * vouches for the address. `oauth_provider` is the provider that it may sign in with, beside a password or
 * instead of one; null when there is none.
 */
export const Developer = Type.Object({
  id: Uuid,
  email: Type.String(),
  name: Type.String(),
  role: Role,
  verified: Type.Boolean(),
  oauth_provider: Nullable(Type.String()),
  created_at: Timestamp,
});
export type Developer = Static<typeof Developer>;

/**
 * The developer as seen by a key that may not read personal data: a key without `account:read`, or a key of
 * listed apps.
 */
export const DeveloperId = Type.Pick(Developer, ["id", "created_at"]);
export type DeveloperId = Static<typeof DeveloperId>;

/** Answer of `GET /v1/developers/me`. */
export const Me = Type.Union([Developer, DeveloperId]);

/** Body of `PATCH /v1/developers/me`. */
export const DeveloperChange = Type.Object({ name: Name(100) }, { additionalProperties: false });
export type DeveloperChange = Static<typeof DeveloperChange>;

/**
 * Body of `POST /v1/developers/me:change-email`. An account without a password omits `password` and needs a
 * session that is at most ten minutes old.
 */
export const EmailChange = Type.Object(
  { email: Email, password: Type.Optional(TypedPassword) },
  { additionalProperties: false },
);
export type EmailChange = Static<typeof EmailChange>;

/**
 * Body of `POST /v1/developers/me:change-password`; see `EmailChange` for an account that has no password
 * yet. The change also closes what a thief may have left: it ends other sessions unless `end_sessions` is
 * false, and on request it quarantines management keys and webhooks until each is confirmed, and unlinks the
 * provider.
 */
export const PasswordChange = Type.Object(
  {
    password: Type.Optional(TypedPassword),
    new_password: NewPassword,
    end_sessions: Type.Optional(Type.Boolean()),
    quarantine_keys: Type.Optional(Type.Boolean()),
    quarantine_webhooks: Type.Optional(Type.Boolean()),
    unlink_provider: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type PasswordChange = Static<typeof PasswordChange>;

/** Body of `POST /v1/developers/me:delete`; see `EmailChange` for an account without a password. */
export const AccountDeletion = Type.Object(
  { password: Type.Optional(TypedPassword) },
  { additionalProperties: false },
);
export type AccountDeletion = Static<typeof AccountDeletion>;

/**
 * Body of `POST /v1/developers:request-password-reset`. Any text is accepted; the answer does not reveal
 * whether the address has an account.
 */
export const PasswordResetRequest = Type.Object(
  { email: Type.String({ maxLength: 255 }) },
  { additionalProperties: false },
);
export type PasswordResetRequest = Static<typeof PasswordResetRequest>;

/** The token from a mail. It works once and expires. */
const MailedToken = Type.String({ maxLength: 100 });

/**
 * Body of `POST /v1/developers:verify-email`. The mail proves the mailbox; `password`, or a session of the
 * account in the header, proves the account.
 */
export const EmailVerification = Type.Object(
  { token: MailedToken, password: Type.Optional(TypedPassword) },
  { additionalProperties: false },
);
export type EmailVerification = Static<typeof EmailVerification>;

/** Body of `POST /v1/developers:reset-password`. */
export const PasswordReset = Type.Object(
  { token: MailedToken, new_password: NewPassword },
  { additionalProperties: false },
);
export type PasswordReset = Static<typeof PasswordReset>;
