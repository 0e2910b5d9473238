import { types } from "pg";

type Parser = (text: string) => unknown;
const driverParser = types.getTypeParser as (oid: number, format: string) => Parser;

/** How values come out: times as RFC 3339 UTC with milliseconds, bigint as a number while it is exact. */
export const typeParsers = {
  getTypeParser: (oid: number, format = "text") =>
    (format === "text" ? parsers[oid] : undefined) ?? driverParser(oid, format),
};

const toDate = driverParser(types.builtins.TIMESTAMPTZ, "text");

const parsers: Record<number, Parser> = {
  [types.builtins.TIMESTAMPTZ](text) {
    const date = toDate(text);
    // `infinity` is no date and no RFC 3339; the row's schema refuses it.
    return date instanceof Date ? date.toISOString() : text;
  },
  [types.builtins.INT8](text) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : text;
  },
};
