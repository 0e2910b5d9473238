import Type, { type TSchema } from "typebox";

/** UUID as text (RFC 9562), in either case. It is stored and returned in lower case. */
export const Uuid = Type.String({
  pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
});

/** RFC 3339 date-time as the API returns it: UTC, milliseconds, `Z`. */
export const Timestamp = Type.String({ format: "date-time" });

/** Text that PostgreSQL can store and a person can read: no control characters, which include NUL. */
export const Label = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: "^[^\\u0000-\\u001f\\u007f]*$" });

/**
 * A name that people read and compare. It may not contain characters that are invisible or that change the
 * direction of others: bidi controls and the other characters with Unicode's Default_Ignorable_Code_Point
 * (UTS #39 §3).
 */
export const Name = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: `^[^${unseen}]*$`,
    description: "Send letters, digits and signs that are seen: no controls, zero-width or bidi characters.",
  });

/** The inside of a character class, written as ranges because generators of every language read those. */
export const unseen =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f" +
  "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8" +
  "\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}";

/** SHA-256 in lower-case hex. */
export const Sha256Hex = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "Send the SHA-256 as 64 hex digits in lower case.",
});

/** A value, or null when there is none. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
