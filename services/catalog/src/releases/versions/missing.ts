import { type Problem, problem } from "@mosis/http";

/** Whichever is missing, the app or its version: who may not see the app learns nothing of its versions. */
export function missingVersion(): Problem {
  return problem("not_found", "There is no such version.");
}
