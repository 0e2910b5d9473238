import { type Problem, problem } from "@mosis/http";

/** @param what was tried too often, as in "too many attempts <what>". */
export function throttled(what: string, waitSeconds: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitSeconds));
  return problem("rate_limited", `Too many attempts ${what}: try again in ${seconds} s.`, {
    headers: { "Retry-After": String(seconds) },
  });
}
