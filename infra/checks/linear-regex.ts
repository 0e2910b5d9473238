import { checkSync } from "recheck";

/** The growth of a match's time with the length of its text. */
export type Growth = "linear" | "polynomial" | "exponential" | "unknown";

const timeoutMs = 20_000;

/**
 * Finds the worst time of a search with an expression, from its automaton: this is a proof, not a trial. The
 * result is unknown for what the automaton cannot express: look-around and back references beside unbounded
 * repetition.
 */
export function growthOf(source: string, flags: string): Growth {
  const wide = widened(source);
  if (!isUnbounded(wide)) return "linear";
  const found = checkSync(wide, flags, { checker: "automaton", timeout: timeoutMs });
  if (found.status === "unknown") return "unknown";
  return found.status === "safe" ? "linear" : found.complexity.type;
}

/** Only a group that is repeated can make a search exponential. */
export function hasRepeatedGroup(source: string): boolean {
  return /\)(?:[*+]|\{\d+,?\d*\})/.test(source);
}

/** Counts up to this one stay as they are: the automaton has a state for each repetition. */
const repetitionsKeptMax = 8;

/**
 * Returns the expression with `+` and `*` for larger counts. It takes at least as long, and an automaton with
 * 512 times as many states for `{1,512}` would take minutes to judge.
 */
function widened(source: string): string {
  return source.replaceAll(tokens, (text: string, min?: string, max = min) => {
    if (min === undefined || (max !== "" && Number(max) <= repetitionsKeptMax)) return text;
    return Number(min) === 0 ? "*" : "+";
  });
}

function isUnbounded(source: string): boolean {
  return [...source.matchAll(tokens)].some(([token]) => token === "*" || token === "+");
}

/**
 * Matches an escape, a class, a count, or `*` and `+`: characters in a class or after an escape repeat
 * nothing.
 */
const tokens = /\\[pPu]\{[^}\\]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[*+]/gsu;
