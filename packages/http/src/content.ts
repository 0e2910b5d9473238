// Reads what the headers say about a body. All processes share one rule: names in any case, spaces around
// them, and parameters that are ignored.

/**
 * Returns the media type in lower case, "" without a header, or null when the header names a charset other
 * than UTF-8.
 */
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
 * Returns the content coding in lower case, or `identity` when there is none. `x-gzip` is `gzip` (RFC 9110
 * §8.4.1.3). Empty members of a list are ignored (§5.6.1), and so is `identity` in one. Several real codings
 * are returned as a list, which no process accepts.
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
