/** Header fields of an answer, as OpenAPI has them. */
export function fieldsOf(fields: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, description]) => [name, { description, schema: { type: "string" } }]),
  );
}

export const rateLimitFields = {
  "RateLimit-Policy": "Events that the app, and the key if it has a limit, may send: `q` in `w` seconds.",
  RateLimit: "What is left of each: `r` events, whole again in `t` seconds. May be a second old.",
};

/** Of a 429. */
export const limitedFields = fieldsOf({
  "Retry-After": "Seconds until the same request may be taken.",
  ...rateLimitFields,
});

/** Of events in examples that cannot say when they were sent: recent, so that they are taken. */
export const exampleTimeMs = Date.now();
