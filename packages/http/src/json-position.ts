import { type Problem, problem } from "./problem.ts";

/** `malformed_json` that tells where, and never repeats the body. */
export function malformedJson(text: string, error: SyntaxError): Problem {
  if (text.trim() === "") return problem("malformed_json", "The body is empty.");
  const position = positionOf(text, error);
  const before = text.slice(0, position);
  const line = before.split("\n").length;
  const column = position - before.lastIndexOf("\n");
  const ended = position >= text.length ? ", where the body ends" : "";
  return problem("malformed_json", `The body is not valid JSON at line ${line}, column ${column}${ended}.`, {
    cause: error,
  });
}

/** Index of the first character that does not belong. V8 tells it for some errors only. */
function positionOf(text: string, error: SyntaxError): number {
  const told = / at position (\d+)/.exec(error.message);
  if (told) return Number(told[1]);
  if (!isUnexpectedToken(error)) return text.length;
  // "Unexpected token" is said of every beginning of the text that
  // holds the bad character, and of no shorter one.
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (failsOnToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return bad - 1;
}

function failsOnToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return isUnexpectedToken(error as SyntaxError);
  }
}

function isUnexpectedToken(error: SyntaxError): boolean {
  return error.message.startsWith("Unexpected token");
}
