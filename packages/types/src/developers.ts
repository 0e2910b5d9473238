import Type, { type Static } from "typebox";
import { Label, Timestamp, Uuid } from "./formats.ts";

/** E-mail address. Compared in lower case: `Ada@x.org` and `ada@x.org` are one account. */
export const Email = Type.String({
  maxLength: 255,
  pattern: "^[^\\s@\\u0000-\\u001f]+@[^\\s@\\u0000-\\u001f]+\\.[^\\s@.\\u0000-\\u001f]+$",
});

/** Body of `POST /v1/developers`. The password is 10–200 characters and is kept only as an argon2id hash. */
export const NewDeveloper = Type.Object(
  { email: Email, name: Label(100), password: Type.String({ minLength: 10, maxLength: 200 }) },
  { additionalProperties: false },
);
export type NewDeveloper = Static<typeof NewDeveloper>;

/** What a developer may do beyond its own apps, when it has signed in. Keys have no part in it. */
export const Role = Type.Enum(["developer", "reviewer", "admin"]);
export type Role = Static<typeof Role>;

/** A developer as itself sees it. */
export const Developer = Type.Object({
  id: Uuid,
  email: Type.String(),
  name: Type.String(),
  role: Role,
  verified: Type.Boolean(),
  created_at: Timestamp,
});
export type Developer = Static<typeof Developer>;

/** Body of `POST /v1/sessions`. */
export const NewSession = Type.Object(
  { email: Type.String({ maxLength: 255 }), password: Type.String({ maxLength: 200 }) },
  { additionalProperties: false },
);
export type NewSession = Static<typeof NewSession>;

/** Answer of `POST /v1/sessions`: the bearer token, told once, and when it ends. */
export const Session = Type.Object({ token: Type.String(), expires_at: Timestamp });
export type Session = Static<typeof Session>;
