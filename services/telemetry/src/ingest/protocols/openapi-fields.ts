/** Returns header fields of an answer in the form of OpenAPI. */
export function fieldsOf(fields: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, description]) => [name, { description, schema: { type: "string" } }]),
  );
}

export const rateLimitFields = {
  "RateLimit-Policy": "Events that the app, and the key if it has a limit, may send: `q` in `w` seconds.",
  RateLimit: "What is left of each: `r` events, and it is full again in `t` seconds. It may be a second old.",
};

/** The header fields of a 429. */
export const limitedFields = fieldsOf({
  "Retry-After": "Seconds until the same request may be accepted.",
  ...rateLimitFields,
});

/**
 * The time of events in examples that do not have the time of sending: recent, so that the events are
 * accepted.
 */
export const exampleTimeMs = Date.now();
