import { types } from "pg";

type Parser = (text: string) => unknown;
const driverParser = types.getTypeParser as (oid: number, format: string) => Parser;

/**
 * Parsers of the values that PostgreSQL returns: times become RFC 3339 UTC with milliseconds, a bigint
 * becomes a number while it is exact.
 */
export const typeParsers = {
  getTypeParser: (oid: number, format = "text") =>
    (format === "text" ? parsers[oid] : undefined) ?? driverParser(oid, format),
};

const toDate = driverParser(types.builtins.TIMESTAMPTZ, "text");
const textArray = 1009;
const varcharArray = 1015;
const toTexts = driverParser(textArray, "text");

const parsers: Record<number, Parser> = {
  [types.builtins.TIMESTAMPTZ](text) {
    const time = timeOf(text, 3);
    if (time !== null) return time;
    const date = toDate(text);
    // `infinity` is not a date and not RFC 3339; the row's schema refuses it.
    return date instanceof Date ? date.toISOString() : text;
  },
  [types.builtins.INT8](text) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : text;
  },
  [textArray]: readTexts,
  [varcharArray]: readTexts,
};

/**
 * Reads an array of texts. PostgreSQL quotes elements with a comma, a brace, a quote or a blank in them,
 * empty ones, and the word `null`.
 */
function readTexts(text: string): unknown {
  if (text === "{}") return [];
  const isPlain = /^\{[^"\\{}]+\}$/.test(text) && !text.includes("NULL");
  return isPlain ? text.slice(1, -1).split(",") : toTexts(text);
}

/**
 * Returns a `timestamptz` as RFC 3339 UTC with all its microseconds, by which PostgreSQL compares it. `Date`
 * has only milliseconds.
 * @param text The cast to `text` in a session whose zone is UTC, as in all of ours.
 * @throws Error for a value that RFC 3339 cannot express: `infinity`, and years beyond four digits.
 */
export function exactTime(text: string): string {
  const time = timeOf(text, 6);
  if (time === null) throw new Error(`PostgreSQL wrote a time that RFC 3339 has no form for: ${text}`);
  return time;
}

/**
 * Returns `2026-11-25 12:00:00.5+00` with so many digits of a second, or null when the text is not of that
 * form.
 */
function timeOf(text: string, digits: number): string | null {
  const isUtc = text.endsWith("+00") && text.charAt(4) === "-" && text.charAt(10) === " ";
  if (!isUtc) return null;
  const fraction = text.slice(20, -3).padEnd(digits, "0").slice(0, digits);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}
