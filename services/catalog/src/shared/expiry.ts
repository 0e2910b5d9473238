import { type Problem, problem } from "@mosis/http";

/** RFC 3339 has no year 10000, so such a time could be neither stored as text nor answered. */
const latest = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * When what is made now shall end, in UTC: PostgreSQL does not read every zone that RFC 3339 has. Null for
 * never.
 * @throws Problem `invalid_request` when the time is over already, or cannot be written in UTC.
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
    "It cannot end then; leave expires_at out for something without an end.",
    {
      errors: [{ pointer: "/expires_at", code, message }],
    },
  );
}
