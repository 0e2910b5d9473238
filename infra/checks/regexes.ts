// Checks that the time of every regular expression grows no faster than its text. Code in production may
// match text of strangers, so each expression there is proved to be linear. In tests and tools, a polynomial
// one passes and an exponential one does not.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFlags } from "@mosis/runtime";
import { parseSync } from "@swc/core";
import { growthOf, hasRepeatedGroup } from "./linear-regex.ts";

const usage = `Usage: npm run regexes

  Checks that the time of every regular expression grows no faster than its text.`;
if (!readFlags(usage)) process.exit();

/** Files whose expressions match only text of ours, and what that text is. */
const ownText: Record<string, string> = {
  "packages/clickhouse/src/migration-file.ts": "our migrations",
};

/** Files that make expressions at run time, and why these are linear. */
const madeAtRunTime: Record<string, string> = {
  "packages/http/src/method-table.ts": "the literals of a path, with [^/]+ between them",
  "packages/http/src/parse.ts": "constants of the same file, without any repetition",
  "packages/types/src/formats.ts": "one character class, repeated",
  "services/catalog/src/sign-in/oauth/changes.ts": "one character class",
  "packages/http/src/openapi-examples.ts": "the patterns of schemas, which are checked where they stand",
};

interface Expression {
  file: string;
  line: number;
  /** The expression; null when it is known only at run time. */
  source: string | null;
  flags: string;
}

const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
const files = [...new Set(listed.toString().split("\0"))].filter(
  (file) => /\.(ts|mjs)$/.test(file) && existsSync(file),
);
const expressions = files.flatMap(expressionsOf);
const faults = expressions.flatMap((expression) => {
  const fault = faultOf(expression);
  return fault === null ? [] : [`${expression.file}:${expression.line}: ${fault}`];
});
for (const fault of faults) console.error(fault);
console.log(`${expressions.length} regular expressions, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;

function faultOf({ file, source, flags }: Expression): string | null {
  if (source === null) {
    if (!isProduction(file) || file in madeAtRunTime) return null;
    return "is made at run time: write it out, or say in infra/checks/regexes.ts why it is linear";
  }
  const isStrict = isProduction(file) && !(file in ownText);
  if (!isStrict && !hasRepeatedGroup(source)) return null;
  const growth = growthOf(source, flags);
  if (growth === "linear" || (!isStrict && growth !== "exponential")) return null;
  return `/${source}/${flags} is ${growth}, not linear: find the parts by their position, or bound them`;
}

/** `devstack` starts servers for tests and the local launcher. */
function isProduction(file: string): boolean {
  return (
    /^(packages|services)\/[\w-]+\/src\//.test(file) &&
    !file.endsWith(".test.ts") &&
    !file.startsWith("packages/devstack/")
  );
}

type SyntaxNode = Record<string, unknown>;

/** Returns every literal, every `new RegExp`, and every `pattern` of a schema. */
function expressionsOf(file: string): Expression[] {
  const text = readFileSync(file);
  const tree = parseSync(text.toString(), {
    syntax: file.endsWith(".ts") ? "typescript" : "ecmascript",
  });
  const found: Expression[] = [];
  const add = (of: SyntaxNode, source: string | null, flags: string) => {
    const at = (of["span"] as { start: number }).start - tree.span.start;
    const line = text.subarray(0, at).toString().split("\n").length;
    found.push({ file, line, source, flags });
  };
  visit(tree, (node) => {
    if (node["type"] === "RegExpLiteral") add(node, String(node["pattern"]), String(node["flags"]));
    if (isNamed(node["callee"], "RegExp")) add(node, null, "");
    if (node["type"] === "KeyValueProperty" && isNamed(node["key"], "pattern")) {
      // Schemas are compiled with the flag `u`.
      add(node["key"] as SyntaxNode, stringOf(node["value"] as SyntaxNode), "u");
    }
  });
  return found;
}

function isNamed(node: unknown, name: string): boolean {
  return (node as SyntaxNode | undefined)?.["value"] === name;
}

/** Returns the text of a string literal, or of a template without gaps; null for anything else. */
function stringOf(node: SyntaxNode): string | null {
  if (node["type"] === "StringLiteral") return String(node["value"]);
  const template = (node["template"] ?? node) as { quasis?: { raw: string }[] };
  return template.quasis?.length === 1 ? (template.quasis[0]?.raw ?? null) : null;
}

function visit(node: unknown, see: (node: SyntaxNode) => void): void {
  if (node === null || typeof node !== "object") return;
  if (!Array.isArray(node)) see(node as SyntaxNode);
  for (const value of Object.values(node)) visit(value, see);
}
