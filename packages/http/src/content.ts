// What the headers say of a body. One rule for every process: names in any case, spaces around them, and
// parameters that nobody needs.

/** The media type in lower case, "" without a header; null when a charset is told that is not UTF-8. */
export function mediaTypeOf(type: string): string | null {
  const [name = "", ...parameters] = type.split(";");
  return parameters.some(isOtherCharset) ? null : name.trim().toLowerCase();
}

function isOtherCharset(parameter: string): boolean {
  const [name = "", value] = parameter.split("=", 2);
  if (value === undefined || name.trim().toLowerCase() !== "charset") return false;
  return !/^"?utf-?8"?$/i.test(value.trim());
}

/**
 * The content coding in lower case; `identity` without one. `x-gzip` is `gzip` (RFC 9110 §8.4.1.3). Empty
 * members of a list say nothing (§5.6.1), and `identity` in one does not, either. Several that do something
 * are given as a list, which no process takes.
 */
export function codingOf(header: string | undefined): string {
  if (header === undefined) return "identity";
  const names = header
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  const codings = names.filter((name) => name !== "" && name !== "identity");
  if (codings.length === 0) return "identity";
  return codings.map((name) => (name === "x-gzip" ? "gzip" : name)).join(", ");
}
