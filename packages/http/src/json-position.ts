/** Returns the value of a text that should be JSON, or what is wrong with it and where. */
export function parseJsonText(text: string): { value: unknown } | { detail: string; cause: unknown } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (cause) {
    return { detail: malformedJsonDetail(text, cause), cause };
  }
}

/**
 * Returns what is wrong with a body that is not JSON, and where. It never repeats the body, which may hold
 * private data.
 */
export function malformedJsonDetail(text: string, error: unknown): string {
  const message = String(error);
  const told = / JSON at position (\d+) \(line (\d+) column (\d+)\)$/.exec(message);
  if (told) return detail(Number(told[1]) >= text.length, told[2], told[3]);
  if (text.length > searchedUnitsMax) return "The body is not valid JSON.";
  if (text.trim() === "") return "The body is empty.";
  const position = message.startsWith("SyntaxError: Unexpected token") ? badToken(text) : text.length;
  const before = text.slice(0, position);
  return detail(position >= text.length, before.split("\n").length, position - before.lastIndexOf("\n"));
}

/**
 * The longest text that is searched. V8 does not report where some faults are. Finding one takes 0.8 ms at
 * this size, longer than parsing.
 */
const searchedUnitsMax = 8192;

function detail(isEnd: boolean, line: unknown, column: unknown): string {
  const ended = isEnd ? ", where the body ends" : "";
  return `The body is not valid JSON at line ${String(line)}, column ${String(column)}${ended}.`;
}

const other = /[ \t\n\r]*(?:-?\d[\d.eE+-]*|true|false|null|[{}[\],:"])/y;

/**
 * Returns the index of the first token that stands where a value should. V8 reports the place of every other
 * fault, so the text before this one is valid, and looking at pairs of tokens is enough.
 */
function badToken(text: string): number {
  let last = "";
  for (let at = 0; ; at = other.lastIndex) {
    other.lastIndex = at;
    const token = other.exec(text)?.[0].trimStart();
    if (token === undefined) return at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
    const isValueDue = last === "" || last === ":" || last === "," || last === "[";
    const isEmptyList = last === "[" && token === "]";
    if (isValueDue && !isEmptyList && /^[\]},:]/.test(token)) return other.lastIndex - 1;
    if (token === '"') other.lastIndex = stringEnd(text, other.lastIndex);
    last = token;
  }
}

/**
 * Returns the index where a JSON text goes on after a string.
 * @param from The index after the quote that begins it.
 */
export function stringEnd(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}
