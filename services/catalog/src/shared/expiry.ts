import { type Problem, problem } from "@mosis/http";

/** The latest time that RFC 3339 can write: it has no year 10000. */
const latest = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Returns the time at which a new thing expires, in UTC, because PostgreSQL does not read every zone of
 * RFC 3339; null when it never expires.
 * @throws Problem `invalid_request` when the time is in the past, or cannot be written in UTC.
 */
export function readExpiry(expires_at: string | undefined): string | null {
  if (expires_at === undefined) return null;
  const asked = Date.parse(expires_at);
  if (asked <= Date.now()) throw wrongExpiry("past", "is not in the future");
  if (asked > latest) throw wrongExpiry("too_late", "is after the year 9999");
  return new Date(asked).toISOString();
}

function wrongExpiry(code: string, message: string): Problem {
  return problem(
    "invalid_request",
    "expires_at must be in the future and before the year 10000. Omit it for something that never expires.",
    {
      errors: [{ pointer: "/expires_at", code, message }],
    },
  );
}
