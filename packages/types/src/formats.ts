import Type, { type TSchema } from "typebox";

/** RFC 9562 UUID as text, either case. Stored and answered in lower case. */
export const Uuid = Type.String({
  pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
});

/** RFC 3339 date-time as we answer it: UTC, milliseconds, `Z`. */
export const Timestamp = Type.String({ format: "date-time" });

/** Text that PostgreSQL can store and a person can read: no control characters, NUL among them. */
export const Label = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: "^[^\\u0000-\\u001f\\u007f]*$" });

/** SHA-256 in lower-case hex. */
export const Sha256Hex = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "Send the SHA-256 as 64 hex digits in lower case.",
});

/** A value, or null when there is none. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
