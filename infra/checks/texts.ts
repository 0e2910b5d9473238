// Checks what no other tool does: lines that are too long, schemas that are compiled for each statement,
// documents and comments that name what does not exist, and docstrings that begin with a fragment. Prints
// every fault, and exits 1 when there is one.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readFlags } from "@mosis/runtime";
import { fragments, fragmentShareMax, unknownNames } from "./comments.ts";
import { unlistedInvariants } from "./invariants.ts";

const usage = `Usage: npm run texts

  Finds lines that are too long, names of what does not exist, and docstrings that begin with a fragment.`;
if (!readFlags(usage)) process.exit();
const lineColumnsMax = 110;

// New files count before their first commit; deleted ones no longer count.
const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
const files = [...new Set(listed.toString().split("\0"))].filter((file) => file !== "" && existsSync(file));
const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

const faults = [
  ...longLines(),
  ...schemasOfCalls(),
  ...brokenLinks(),
  ...missingNames(),
  ...unknownNames(texts),
  ...unlistedInvariants(texts),
  ...tooManyFragments(),
];
for (const fault of faults) console.error(fault);
console.log(`${files.length} files read, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;

/**
 * The formatter wraps code, but not strings, comments and SQL. Files that `npm run schema` writes are not
 * wrapped.
 */
function longLines(): string[] {
  const code = files.filter((file) => /\.(ts|mjs|sql)$/.test(file) && !file.endsWith("/schema.sql"));
  return code.flatMap((file) =>
    lines(file)
      .filter(({ text }) => text.length > lineColumnsMax)
      .map(({ number, text }) => `${file}:${number}: ${text.length} columns, ${lineColumnsMax} allowed`),
  );
}

/**
 * Finds schemas that are made where a statement runs. Compiling takes 0.1 to 0.4 ms and happens once in a
 * schema's life, so these would be compiled for each statement.
 */
function schemasOfCalls(): string[] {
  const call = /\b(?:many|maybeOne|one|select)\(\s*[\w.]+(?:\([^()]*\))?,\s*(?:Type\.|Nullable\()/g;
  return files
    .filter((file) => /^(packages|services)\/\w+\/src\/.*\.ts$/.test(file))
    .flatMap((file) => {
      const text = texts.get(file) ?? "";
      return [...text.matchAll(call)].map(({ index }) => {
        const number = text.slice(0, index).split("\n").length;
        return `${file}:${number}: the schema of a row is a constant beside the function`;
      });
    });
}

/** Tests are not counted: few of them have docstrings. */
function tooManyFragments(): string[] {
  const production = /^(?:bench|infra|packages|services)\/.*(?<!\.test)\.ts$/;
  const read = [...texts].filter(([file]) => production.test(file) && !file.includes("/test/"));
  const { places, docstrings } = fragments(new Map(read));
  const share = places.length / docstrings;
  console.log(`${places.length} of ${docstrings} docstrings begin with a fragment`);
  return share > fragmentShareMax ? places : [];
}

/** Relative links between documents, and from a document into the tree. */
function brokenLinks(): string[] {
  return documents().flatMap((file) =>
    lines(file).flatMap(({ number, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(file), target)))
        .map((target) => `${file}:${number}: links to ${target}, which does not exist`),
    ),
  );
}

/** Paths and quoted test names in documents. */
function missingNames(): string[] {
  return documents().flatMap((file) =>
    lines(file).flatMap(({ number, text }) => [
      ...missingPaths(text).map((path) => `${file}:${number}: names ${path}, which does not exist`),
      ...missingTests(text).map(
        (name) => `${file}:${number}: names the test “${name}”, which does not exist`,
      ),
    ]),
  );
}

function missingPaths(line: string): string[] {
  return [...line.matchAll(/`((?:services|packages|infra|docs|test|bench)\/[\w./-]*[\w/])`/g)]
    .map(([, path = ""]) => path)
    .filter((path) => !existsSync(path));
}

/** A test is named by its path in backticks, and its name in curly quotes as it stands in the file. */
function missingTests(line: string): string[] {
  return [...line.matchAll(/`([\w./-]+\.test\.ts)` “([^”]+)”/g)]
    .filter(([, path = "", name = ""]) => !(texts.get(path) ?? "").includes(name))
    .map(([, path, name]) => `${name} in ${path}`);
}

function documents(): string[] {
  return files.filter((file) => file.endsWith(".md"));
}

function lines(file: string): { number: number; text: string }[] {
  return (texts.get(file) ?? "").split("\n").map((text, index) => ({ number: index + 1, text }));
}
