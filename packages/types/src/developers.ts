import Type, { type Static } from "typebox";
import { Name, Nullable, Timestamp, Uuid } from "./formats.ts";

/** E-mail address. Compared in lower case: `Ada@x.org` and `ada@x.org` are one account. */
export const Email = Type.String({
  maxLength: 255,
  pattern: "^[^\\s@\\u0000-\\u001f]+@[^\\s@\\u0000-\\u001f]+\\.[^\\s@.\\u0000-\\u001f]+$",
});

/** A password to be, kept only as an argon2id hash. */
export const NewPassword = Type.String({ minLength: 10, maxLength: 200 });

/** A password as it was typed: whether it is right is another question than its form. */
export const TypedPassword = Type.String({ maxLength: 200 });

/** Body of `POST /v1/developers`. */
export const NewDeveloper = Type.Object(
  { email: Email, name: Name(100), password: NewPassword },
  { additionalProperties: false },
);
export type NewDeveloper = Static<typeof NewDeveloper>;

/** What a developer may do beyond its own apps, when it has signed in. Keys have no part in it. */
export const Role = Type.Enum(["developer", "reviewer", "admin"]);
export type Role = Static<typeof Role>;

/**
 * A developer as itself sees it. `verified`: it has read a mail at its address, or its provider says so.
 * `oauth_provider` is the one that it may sign in with, beside a password or instead of one; or null.
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
 * The developer as a key sees it that may not read personal data: without `account:read`, or a key of listed
 * apps.
 */
export const DeveloperId = Type.Pick(Developer, ["id", "created_at"]);
export type DeveloperId = Static<typeof DeveloperId>;

/** Answer of `GET /v1/developers/me`. */
export const Me = Type.Union([Developer, DeveloperId]);

/** Body of `PATCH /v1/developers/me`. */
export const DeveloperChange = Type.Object({ name: Name(100) }, { additionalProperties: false });
export type DeveloperChange = Static<typeof DeveloperChange>;

/**
 * Body of `POST /v1/developers/me:change-email`. An account without a password leaves `password` out, and
 * needs a session that is not older than ten minutes.
 */
export const EmailChange = Type.Object(
  { email: Email, password: Type.Optional(TypedPassword) },
  { additionalProperties: false },
);
export type EmailChange = Static<typeof EmailChange>;

/**
 * Body of `POST /v1/developers/me:change-password`; see `EmailChange` for an account that has none yet. What
 * a thief may have left is closed with it: other sessions unless `end_sessions` is false; management keys
 * and webhooks, until each is confirmed, and the provider when that is asked for.
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

/** Body of `POST /v1/developers:request-password-reset`. Any text: whether it is an address is not told. */
export const PasswordResetRequest = Type.Object(
  { email: Type.String({ maxLength: 255 }) },
  { additionalProperties: false },
);
export type PasswordResetRequest = Static<typeof PasswordResetRequest>;

/** The token of a mail: works once, and for a time. */
const MailedToken = Type.String({ maxLength: 100 });

/**
 * Body of `POST /v1/developers:verify-email`. The mail proves the mailbox, `password` the account; a session
 * of the account in the header does so, too.
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
