import { parseArgs } from "node:util";

/** Returns true for arguments that ask how a program is used: `--help` or `-h`, not behind `--`. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

/**
 * Reads the arguments of a program that people start.
 * @param usage printed for `--help`.
 * @param read throws an Error that says in one line what is wrong with an argument.
 * @returns null when the program is at its end: it was asked for help, or has told what is wrong and has 1 as
 * its exit code.
 */
export function readCommandLine<T>(usage: string, read: (args: string[]) => T): T | null {
  const args = process.argv.slice(2);
  if (asksForHelp(args)) {
    process.stdout.write(`${usage}\n`);
    return null;
  }
  try {
    return read(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
    return null;
  }
}

/** The same for a program that takes nothing but options without a value. @returns those that were given. */
export function readFlags(usage: string, names: readonly string[] = []): Set<string> | null {
  const options = Object.fromEntries(names.map((name) => [name, { type: "boolean" as const }]));
  return readCommandLine(usage, (args) => new Set(Object.keys(parseArgs({ args, options }).values)));
}
