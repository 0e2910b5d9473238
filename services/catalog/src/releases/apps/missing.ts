import { type Problem, problem } from "@mosis/http";

/** Not there, or somebody else's: whoever asks is told the same, byte for byte. */
export function missingApp(): Problem {
  return problem("not_found", "There is no such app.");
}
