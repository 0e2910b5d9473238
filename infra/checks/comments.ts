// Finds comments that begin with a fragment, or name what does not exist. `texts.ts` reports them.

interface Comment {
  file: string;
  /** The line on which it begins. */
  line: number;
  /** The comment without its marks. */
  text: string;
  isDocstring: boolean;
}

/**
 * Words that begin a fragment where a docstring should be a sentence, or name what it describes: "Of the
 * app.", "Null before the first.", "What broke it."
 */
const openers = new RegExp(
  "^(?:As|At|Behind|By|For|From|In|None|Not|Null|Of|On|Those|To|Undefined|" +
    "What|Whether|Who|Whoever|Whose|With|Without)\\b",
);

/** The share of docstrings that may begin with one of them, because some sentences do. */
export const fragmentShareMax = 0.02;

/** Finds docstrings that begin with a fragment, and counts all docstrings. */
export function fragments(texts: Map<string, string>): { places: string[]; docstrings: number } {
  const docstrings = [...texts]
    .flatMap(([file, text]) => commentsOf(file, text))
    .filter((c) => c.isDocstring);
  const places = docstrings
    .filter(({ text }) => openers.test(text))
    .map(({ file, line, text }) => `${file}:${line}: begins with a fragment: ${text.slice(0, 60)}`);
  return { places, docstrings: docstrings.length };
}

/** Finds names in backticks in comments which stand nowhere in the code, and files that do not exist. */
export function unknownNames(texts: Map<string, string>): string[] {
  const known = knownWords(texts);
  const baseNames = new Set([...texts.keys()].map((file) => file.slice(file.lastIndexOf("/") + 1)));
  return [...texts]
    .filter(([file]) => isCode(file))
    .flatMap(([file, text]) => commentsOf(file, text))
    .flatMap(({ file, line, text }) =>
      [...text.matchAll(/`([^`\s]+)`/g)]
        .map(([, name = ""]) => name)
        .filter((name) =>
          isFile(name) ? !baseNames.has(name.slice(name.lastIndexOf("/") + 1)) : isUnknown(name, known),
        )
        .map((name) => `${file}:${line}: the comment names ${name}, which does not exist`),
    );
}

function isFile(name: string): boolean {
  return /^[\w./-]+\.(?:ts|md)$/.test(name);
}

/** Only names that are made of several words are looked for: others are words of the language, or of SQL. */
function isUnknown(name: string, known: Set<string>): boolean {
  return /^[A-Za-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/.test(name) && !known.has(name) && !foreign.has(name);
}

/** Names of OTLP's messages, and of a type of Express. */
const foreign = new Set(["AnyValue", "InstrumentationScope", "ParamsDictionary"]);

/** Collects every identifier outside of comments, SQL included. */
function knownWords(texts: Map<string, string>): Set<string> {
  const words = new Set<string>();
  for (const [file, text] of texts) {
    if (file.endsWith(".md")) continue;
    const code = isCode(file) ? text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "") : text;
    for (const [word] of code.matchAll(/[A-Za-z_]\w+/g)) words.add(word);
  }
  return words;
}

function isCode(file: string): boolean {
  return file.endsWith(".ts");
}

function commentsOf(file: string, text: string): Comment[] {
  if (!isCode(file)) return [];
  return [...text.matchAll(/\/\*\*?([\s\S]*?)\*\/|(?<=^|\s)\/\/ (.*)$/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length,
    text: (match[1] ?? match[2] ?? "").replaceAll(/\n\s*\*?/g, " ").trim(),
    isDocstring: match[0].startsWith("/**"),
  }));
}
