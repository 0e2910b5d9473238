// Looks for locked packages with a known hole. `--offline` uses advisories.json beside this file; without it,
// `npm audit` asks the registry, too, and not every registry answers. Exits with 1 when something is found.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readFlags } from "@mosis/runtime";
import { type LockFile, readLocks } from "./locks.ts";

interface Advisory {
  package: string;
  /** Versions with the hole: `<1.2.3 || >=2.0.0 <2.1.0`. */
  versions: string;
  id: string;
  what: string;
}

/** The output of `npm audit --json`. */
interface Audit {
  vulnerabilities?: Record<string, { severity: string; range: string }>;
}

const usage = `Usage: npm run audit [-- --offline]

  Looks for locked packages with a known hole; --offline asks no registry, as npm run advisories does.`;
const flags = readFlags(usage, ["offline"]) ?? process.exit();
const registryTimeoutMs = 60_000;

const advisories = JSON.parse(
  readFileSync(join(import.meta.dirname, "advisories.json"), "utf8"),
) as Advisory[];
const isOffline = flags.has("offline");
const faults = readLocks().flatMap((lock) => [...listed(lock), ...(isOffline ? [] : asked(lock.file))]);
for (const fault of faults) console.error(fault);
console.log(`${advisories.length} advisories of our list, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;

function listed({ file, packages }: LockFile): string[] {
  return Object.entries(packages).flatMap(([path, { version }]) => {
    const name = path.split("node_modules/").at(-1);
    return advisories
      .filter((advisory) => advisory.package === name && version && isIn(version, advisory.versions))
      .map(({ id, what, versions }) => `${file}: ${path} ${version}: ${id}, ${what} (${versions})`);
  });
}

function asked(file: string): string[] {
  const { vulnerabilities } = npmAudit(dirname(file));
  if (!vulnerabilities) {
    console.log(`The registry does not answer npm audit: ${file} was looked through for our own list only.`);
    return [];
  }
  return Object.entries(vulnerabilities).map(
    ([name, { severity, range }]) => `${file}: ${name} ${range}: ${severity}, see npm audit`,
  );
}

function npmAudit(cwd: string): Audit {
  const { stdout } = spawnSync("npm", ["audit", "--package-lock-only", "--json"], {
    cwd,
    encoding: "utf8",
    timeout: registryTimeoutMs,
  });
  try {
    return JSON.parse(stdout) as Audit;
  } catch (error) {
    console.error(`npm audit has no answer: ${String(error)}`);
    return {};
  }
}

/** Returns true when a version is in a range that is written as in advisories.json. */
function isIn(version: string, range: string): boolean {
  return range.split("||").some((part) =>
    part
      .trim()
      .split(" ")
      .every((bound) => {
        const [, operator, limit = ""] = /^(<|>=)(.+)$/.exec(bound) ?? [];
        if (operator === undefined) throw new Error(`${range} is no range`);
        return operator === "<" ? compare(version, limit) < 0 : compare(version, limit) >= 0;
      }),
  );
}

/** Compares versions by their numbers; a release comes after its pre-releases (`5.0.0-beta.1`). */
function compare(a: string, b: string): number {
  const [[coreA = "", preA], [coreB = "", preB]] = [a.split("-"), b.split("-")];
  const [left, right] = [coreA, coreB].map((core) => core.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (preA === preB) return 0;
  if (preA === undefined) return 1;
  return preB === undefined ? -1 : preA.localeCompare(preB, "en", { numeric: true });
}
