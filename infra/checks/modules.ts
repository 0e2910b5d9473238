// Prints how the modules of a service import each other: each module at the top of its folder with the
// modules that it imports, and the cycles. Exits with 1 when there is a cycle.
//   npm run modules
//   npm run modules -- services/telemetry/src/ingest
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readCommandLine } from "@mosis/runtime";

interface Cruised {
  modules: { source: string; dependencies: { resolved: string }[] }[];
}

const repository = resolve(import.meta.dirname, "../..");
const usage = `Usage: npm run modules [-- FOLDER …]

  Prints how the modules of a folder import each other, and the circles.`;
const read = (args: string[]) => parseArgs({ args, allowPositionals: true }).positionals;
const asked = readCommandLine(usage, read) ?? process.exit();
const folders = asked.length > 0 ? asked : ["services/catalog/src", "services/telemetry/src/ingest"];
const circles = folders.flatMap(print);
process.exitCode = circles.length > 0 ? 1 : 0;

function print(folder: string): string[][] {
  const imports = importsOf(folder);
  const circles = circlesOf(imports);
  const width = Math.max(...[...imports.keys()].map((name) => name.length));
  const arrows = [...imports.values()].reduce((sum, { size }) => sum + size, 0);
  const inCircles = circles.map((circle) => `: ${circle.join(" ")}`).join("");
  console.log(`${folder}: ${imports.size} modules, ${arrows} arrows, ${circles.length} circles${inCircles}`);
  for (const [name, imported] of [...imports].toSorted((a, b) => a[1].size - b[1].size)) {
    console.log(`  ${name.padEnd(width)}  ${[...imported].toSorted().join(" ")}`);
  }
  return circles;
}

/**
 * Returns what is at the top of a folder, with what each imports from the rest. Tests beside the files do not
 * count.
 */
function importsOf(folder: string): Map<string, Set<string>> {
  const { modules } = cruise(folder);
  const topOf = (file: string) => file.slice(folder.length + 1).split("/", 1)[0] ?? "";
  const imports = new Map<string, Set<string>>();
  for (const { source, dependencies } of modules.filter(({ source }) => !source.endsWith(".test.ts"))) {
    const imported = imports.get(topOf(source)) ?? new Set();
    imports.set(topOf(source), imported);
    for (const { resolved } of dependencies) {
      if (topOf(resolved) !== topOf(source)) imported.add(topOf(resolved));
    }
  }
  return imports;
}

function cruise(folder: string): Cruised {
  const run = spawnSync(
    join(repository, "node_modules/.bin/depcruise"),
    ["-c", ".dependency-cruiser.mjs", folder, "--include-only", `^${folder}/`, "-T", "json"],
    { cwd: repository, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  if (run.error) throw run.error;
  return JSON.parse(run.stdout) as Cruised;
}

/** Returns the groups of modules in which each member imports every other one, directly or indirectly. */
function circlesOf(imports: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reached = new Map([...imports.keys()].map((name) => [name, reachedFrom(name, imports)]));
  const members = [...imports.keys()].filter((name) => reached.get(name)?.has(name));
  const circles = members.map((name) => members.filter((other) => isMutual(name, other)));
  return [...new Map(circles.map((circle) => [circle.join(" "), circle])).values()];

  function isMutual(one: string, other: string): boolean {
    return reached.get(one)?.has(other) === true && reached.get(other)?.has(one) === true;
  }
}

function reachedFrom(name: string, imports: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set<string>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const imported of imports.get(next) ?? []) {
      if (reached.has(imported)) continue;
      reached.add(imported);
      open.push(imported);
    }
  }
  return reached;
}
