import { hash } from "node:crypto";

/** Chosen once, at random. Another one would make every derived id a new one. */
const namespace = Buffer.from("5b1e6c0f2d7a4f0e9a3c6e8d41b7f2a9", "hex");

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * An id that came as text: a UUID as it is, anything else as the UUID that is derived from its beginning. One
 * text may be the id of a thousand events, and be as long as a body.
 */
export function idOf(text: string): string {
  return uuid.test(text) ? text.toLowerCase() : derivedId(text.slice(0, idLengthMax));
}

const idLengthMax = 1000;

/** RFC 9562 §5.5, version 5: the same text is always the same UUID, and the text cannot be read from it. */
export function derivedId(text: string): string {
  // Three bytes a unit at most. One buffer for all texts of usual length: 0.5 µs less than one each.
  const bytesAtMost = namespace.length + 3 * text.length;
  const bytes = bytesAtMost <= scratch.length ? scratch : Buffer.alloc(bytesAtMost);
  namespace.copy(bytes);
  const length = namespace.length + bytes.write(text, namespace.length);
  const hex = hash("sha1", bytes.subarray(0, length), "hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const third = `5${hex.slice(13, 16)}`;
  const fourth = `${variant}${hex.slice(17, 20)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${third}-${fourth}-${hex.slice(20, 32)}`;
}

const scratch = Buffer.alloc(16_384);

/**
 * Ids for what has none, from all of its content: sent again, it gets the same id. Of several with the same
 * content in one request, each gets its own, by its place among them.
 */
export function createContentIds(): (content: string) => string {
  const seen = new Map<string, number>();
  return (content) => {
    const id = derivedId(content);
    const before = seen.get(id) ?? 0;
    seen.set(id, before + 1);
    return before === 0 ? id : derivedId(`${id} ${before}`);
  };
}
