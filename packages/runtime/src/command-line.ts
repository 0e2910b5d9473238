import { parseArgs } from "node:util";

/** Returns true for arguments that ask for help: `--help` or `-h`, not after `--`. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

/**
 * Reads the arguments of a program that people start.
 * @param usage The text that `--help` prints.
 * @param read Throws an Error whose one line says what is wrong with an argument.
 * @returns null when the program must end: it has printed the help, or has reported what is wrong and has 1
 * as its exit code.
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

/**
 * Does the same for a program that accepts only options without a value.
 * @returns the given options.
 */
export function readFlags(usage: string, names: readonly string[] = []): Set<string> | null {
  const options = Object.fromEntries(names.map((name) => [name, { type: "boolean" as const }]));
  return readCommandLine(usage, (args) => new Set(Object.keys(parseArgs({ args, options }).values)));
}
