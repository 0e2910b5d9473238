import { globSync, readFileSync } from "node:fs";
import { table } from "./sections.ts";

/** Returns the table of the constants whose docstring has the tag `@limit`, with a few words about each. */
export function limitTable(): string {
  const files = globSync("{packages,services}/*/src/**/*.ts").filter((file) => !file.endsWith(".test.ts"));
  const rows = files.toSorted().flatMap((file) => limitRows(file, readFileSync(file, "utf8")));
  return table(["limit", "value", "where"], rows);
}

/**
 * Returns a row for each tag in a source file.
 * @throws Error for a tag above something other than a number, or a product of numbers.
 */
export function limitRows(file: string, source: string): string[][] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    const [, about] = /@limit (.*)/.exec(line) ?? [];
    if (about === undefined) return [];
    const end = lines.findIndex((other, place) => place >= index && other.includes("*/"));
    const declaration = lines[end + 1]?.trim().replace(/^export /, "") ?? "";
    const [, name, factors] = /^(?:const )?(\w+)(?: =|:) ([\d_* ]+)[,;]$/.exec(declaration) ?? [];
    if (name === undefined || factors === undefined) {
      throw new Error(`${file}:${index + 1}: @limit stands above no number`);
    }
    return [
      [about.replace("*/", "").trim(), withUnit(name, productOf(factors)), `\`${name}\` in \`${file}\``],
    ];
  });
}

function productOf(factors: string): number {
  return factors.split("*").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

type Unit = readonly [name: string, size: number];

const bytes: Unit[] = [
  ["bytes", 1],
  ["KiB", 1024],
  ["MiB", 1_048_576],
  ["GiB", 1_073_741_824],
];
const times: Unit[] = [
  ["ms", 1],
  ["s", 1000],
  ["min", 60_000],
  ["h", 3_600_000],
];

/** The units of a number by the word of its name, and how much of the smallest one the number counts. */
const measures: Readonly<Record<string, { units: Unit[]; step: number }>> = {
  bytes: { units: bytes, step: 1 },
  ms: { units: times, step: 1 },
  seconds: { units: times, step: 1000 },
  minutes: { units: times, step: 60_000 },
  hours: { units: times, step: 3_600_000 },
  days: { units: [["days", 1]], step: 1 },
};

/** Returns a value in the largest unit in which it is a whole number. */
function withUnit(name: string, value: number): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(" ");
  const measure = words.flatMap((word) => measures[word] ?? []).at(-1);
  if (measure === undefined) return grouped(value);
  const amount = value * measure.step;
  const [unit, size] = measure.units.findLast(([, size]) => amount % size === 0) ?? ["", 1];
  return `${grouped(amount / size)} ${unit}`;
}

/** Returns a number as the documents write it: 1000, 10 000. */
function grouped(value: number): string {
  return value < 10_000 ? String(value) : value.toLocaleString("en").replaceAll(",", " ");
}
