import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface LockFile {
  /** The path from the root of the repository. */
  file: string;
  /** The packages by their paths in `node_modules`. */
  packages: Record<string, LockedPackage>;
}

export interface LockedPackage {
  version?: string;
  resolved?: string;
  dev?: boolean;
  license?: string;
  optionalDependencies?: Record<string, string>;
}

/**
 * Returns every package-lock.json of the repository: its own, and those of projects that are installed
 * elsewhere.
 */
export function readLocks(): LockFile[] {
  const names = ["package-lock.json", "**/package-lock.json"];
  const listed = execFileSync("git", [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
    ...names,
  ]);
  const files = [...new Set(listed.toString().split("\0"))].filter((file) => file !== "");
  return files.map((file) => ({
    ...(JSON.parse(readFileSync(file, "utf8")) as Omit<LockFile, "file">),
    file,
  }));
}
