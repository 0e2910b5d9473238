import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { isMet, targets } from "./targets.ts";

/** A number, or several under one name. Names contain their unit. */
export type Figures = { [name: string]: number | Figures };

export interface Outcome {
  figures: Figures;
  /** Promises that did not hold, one sentence each. A low speed is not one of them. */
  broken: string[];
}

export interface BenchReport {
  name: string;
  /** The commit of the code, with `-dirty` when the tree differs from it. */
  commit: string;
  machine: { cpu: string; cores: number; memory_gib: number; kernel: string; node: string };
  figures: Figures;
}

export function makeReport(name: string, figures: Figures): BenchReport {
  const [cpu] = cpus();
  return {
    name,
    commit: commitOf(import.meta.dirname),
    machine: {
      cpu: cpu?.model ?? "unknown",
      cores: cpus().length,
      memory_gib: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.versions.node,
    },
    figures,
  };
}

/** Prints the figures for people and, when a file is given, writes the report as JSON. */
export function publish(report: BenchReport, file: string | undefined): void {
  const { cpu, cores, memory_gib, kernel, node } = report.machine;
  console.log(`\n${report.name} at ${report.commit}`);
  console.log(`${cores} × ${cpu}, ${memory_gib} GiB, Linux ${kernel}, Node ${node}\n`);
  const figures = Object.entries(flatten(report.figures));
  const width = Math.max(...figures.map(([name]) => name.length));
  for (const [name, figure] of figures) {
    console.log(`  ${name.padEnd(width)} ${plain(figure).padStart(12)}`);
  }
  for (const line of judge(report, width)) console.log(line);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** Returns the figures that have a target, as lines of a table; none when the benchmark has no target. */
function judge({ name, figures }: BenchReport, width: number): string[] {
  const rows = (targets[name] ?? []).map((target) => {
    const value = figures[target.figure];
    const measured = typeof value === "number" ? value : null;
    const verdict = measured === null ? "not measured" : isMet(target, measured);
    return line(target.figure, [measured, target.must, target.aim].map(plainOrNothing), verdict);
  });
  return rows.length === 0 ? [] : ["", line("", ["value", "must", "aim"], ""), ...rows];

  function line(name: string, cells: string[], verdict: string): string {
    const columns = cells.map((cell) => cell.padStart(12)).join(" ");
    return `  ${name.padEnd(width)} ${columns}  ${verdict}`.trimEnd();
  }
}

function plainOrNothing(figure: number | null): string {
  return figure === null ? "" : plain(figure);
}

function flatten(figures: Figures, prefix = ""): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, figure]) =>
      typeof figure === "number"
        ? [[prefix + name, figure]]
        : Object.entries(flatten(figure, `${prefix}${name}.`)),
    ),
  );
}

/** Formats a figure: three significant digits below a thousand, whole numbers with separators above. */
function plain(figure: number): string {
  return Math.abs(figure) >= 1000
    ? Math.round(figure).toLocaleString("en")
    : String(Number(figure.toPrecision(3)));
}

function commitOf(directory: string): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: directory, encoding: "utf8" }).trim();
  try {
    return git("rev-parse", "--short=12", "HEAD") + (git("status", "--porcelain") === "" ? "" : "-dirty");
  } catch (error) {
    // An unpacked archive has no history.
    return `unknown (${(error as Error).message.split("\n")[0]})`;
  }
}
