// Compares INVARIANTS.md with the tests, both ways. `texts.ts` reports what does not fit.
//
// The document lists under each number the files with its tests. A test has its numbers on the line above:
// `// INVARIANT 24`, or `// INVARIANTS 1, 8`.

/** Reports tests that one side names and the other does not. */
export function unlistedInvariants(texts: Map<string, string>): string[] {
  const tests = [...texts.keys()].filter((file) => file.endsWith(".test.ts"));
  const document = texts.get("INVARIANTS.md") ?? "";
  const listed = new Set<string>();
  const faults: string[] = [];
  for (const [number, name] of listedFiles(document)) {
    const files = tests.filter((file) => file === name || file.endsWith(`/${name}`));
    if (files.length !== 1)
      faults.push(`INVARIANTS.md: ${number} names ${name}: ${files.length} tests have that name`);
    else listed.add(`${number} ${files[0]}`);
  }
  const marked = new Set(tests.flatMap((file) => marksOf(texts.get(file) ?? "").map((n) => `${n} ${file}`)));
  for (const pair of listed) {
    if (!marked.has(pair)) faults.push(`INVARIANTS.md: no test is marked with what is listed: ${pair}`);
  }
  for (const pair of marked) {
    if (!listed.has(pair)) faults.push(`INVARIANTS.md: does not list a test that is marked: ${pair}`);
  }
  return faults;
}

/** Pairs of an invariant's number and the name of a file. */
function listedFiles(document: string): [number, string][] {
  return document.split(/^(?=\d+\. )/m).flatMap((item) => {
    const number = Number.parseInt(item, 10);
    if (Number.isNaN(number)) return [];
    return [...item.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, name = ""]): [number, string] => [
      number,
      name,
    ]);
  });
}

function marksOf(test: string): number[] {
  return [...test.matchAll(/^\s*\/\/ INVARIANTS? ([\d, ]+)$/gm)].flatMap(([, numbers = ""]) =>
    numbers.split(",").map(Number),
  );
}
