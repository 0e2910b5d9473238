import { checkSync } from "recheck";

/** How the time of a match grows with its text. */
export type Growth = "linear" | "polynomial" | "exponential" | "unknown";

const timeoutMs = 20_000;

/**
 * Finds how long a search with an expression takes at worst, from its automaton: a proof, not a trial. What
 * the automaton cannot express, look-around and back references beside unbounded repetition, is unknown.
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

/** Up to so many repetitions stay as they are: the automaton has a state for each. */
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

/** An escape, a class, a count, or `*` and `+`: what stands in a class or is escaped repeats nothing. */
const tokens = /\\[pPu]\{[^}\\]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[*+]/gsu;
