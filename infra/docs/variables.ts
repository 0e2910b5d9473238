import type { EnvSpec } from "@mosis/runtime";
import * as catalog from "../../services/catalog/src/variables.ts";
import * as telemetry from "../../services/telemetry/src/variables.ts";
import { table } from "./sections.ts";

type Variable = EnvSpec[string];

/** Every process and job by its name in the documents, with the variables that it reads. */
const processes: Record<string, EnvSpec> = {
  api: catalog.apiVariables,
  relay: catalog.relayVariables,
  webhooks: catalog.webhooksVariables,
  ingest: telemetry.ingestVariables,
  writer: telemetry.writerVariables,
  query: telemetry.queryVariables,
  "catalog migrate": catalog.migrateVariables,
  admin: catalog.adminVariables,
  "telemetry migrate": telemetry.migrateVariables,
  replay: telemetry.replayVariables,
};

/** Returns the table of the variables of every process. */
export function variableTable(): string {
  return table(["variable", "read by", "default", "values", "means"], variableRows(processes));
}

/**
 * Returns a row for each variable: first those that most processes read, then in the order of the processes.
 * A variable that has another meaning or default in another process has a row for each.
 */
export function variableRows(specs: Readonly<Record<string, EnvSpec>>): string[][] {
  const readers = new Map<string, { cells: [string, string, string, string]; names: string[] }>();
  for (const [process, spec] of Object.entries(specs)) {
    for (const [name, variable] of Object.entries(spec)) {
      const cells: [string, string, string, string] = [
        `\`${name}\``,
        defaultOf(name, variable),
        variable.values ?? "",
        variable.about,
      ];
      const key = cells.join("\n");
      const row = readers.get(key);
      if (row) row.names.push(process);
      else readers.set(key, { cells, names: [process] });
    }
  }
  const processCount = Object.keys(specs).length;
  return [...readers.values()]
    .toSorted((a, b) => b.names.length - a.names.length)
    .map(({ cells: [name, byDefault, values, about], names }) => [
      name,
      names.length === processCount ? "all" : names.join(", "),
      byDefault,
      values,
      about,
    ]);
}

function defaultOf(name: string, { fallback }: Variable): string {
  if (!fallback) return "must be set";
  const { value } = fallback;
  if (typeof value === "number" || (typeof value === "string" && value !== "")) return `\`${value}\``;
  const isEmpty =
    value === null ||
    value === "" ||
    (Array.isArray(value) && value.length === 0) ||
    (value instanceof Map && value.size === 0);
  if (!isEmpty) throw new Error(`The default of ${name} has no form in a table yet`);
  return "–";
}
