import { type Problem, problem } from "@mosis/http";

/** The reason that an action is not allowed now, and the way out. */
export interface Refusal {
  /** Stable, snake_case. */
  code: string;
  /** Follows the name of the thing: `is in review`. */
  message: string;
  /** A sentence that says what to do instead. */
  fix: string;
}

/** Returns the Problem `state_conflict` (409). */
export function stateConflict(subject: string, { code, message, fix }: Refusal): Problem {
  return problem("state_conflict", `${subject} ${message}. ${fix}`, {
    errors: [{ pointer: "", code, message, fix }],
  });
}
