/**
 * The id that a provider gives somebody, as it is stored (OpenID Connect Core §2: at most 255 characters).
 * Null for one that is none: two people with an empty one, or with halves of surrogate pairs that no store
 * tells apart, would have one account.
 */
export function subjectOf(sub: unknown): string | null {
  if (typeof sub !== "string" || sub.length === 0 || sub.length > 255) return null;
  return sub.isWellFormed() && !/\p{Cc}/u.test(sub) ? sub : null;
}
