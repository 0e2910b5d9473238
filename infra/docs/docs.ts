// Writes the tables that are made from code into the marked sections of the documents. With `--check` it
// writes nothing, and fails when a section differs from its code.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { readFlags } from "@mosis/runtime";
import { eventCodeTable, problemCodeTable, reviewCodeTable } from "./codes.ts";
import { limitTable } from "./limits.ts";
import { permissionTable } from "./permissions.ts";
import { routeTable } from "./routes.ts";
import { fillSections } from "./sections.ts";
import { variableTable } from "./variables.ts";

const usage = `Usage: npm run docs [-- --check]

  Writes the tables that are made from code into docs/*.md, between <!-- docs:NAME --> and
  <!-- /docs:NAME -->. --check writes nothing, and fails when a table differs from its code.`;
const flags = readFlags(usage, ["check"]) ?? process.exit();

const sections = new Map([
  ["problem-codes", problemCodeTable()],
  ["event-codes", eventCodeTable()],
  ["review-codes", reviewCodeTable()],
  ["variables", variableTable()],
  ["limits", limitTable()],
  ["permissions", permissionTable()],
  ["catalog-routes", routeTable("catalog")],
  ["ingest-routes", routeTable("ingest")],
  ["query-routes", routeTable("query")],
]);

const unused = new Set(sections.keys());
const stale: string[] = [];
for (const file of globSync("docs/*.md")) {
  const text = readFileSync(file, "utf8");
  const filled = fillSections(text, sections);
  for (const name of filled.names) unused.delete(name);
  if (filled.text !== text) stale.push(file);
  if (filled.text !== text && !flags.has("check")) writeFileSync(file, filled.text);
}

const what = flags.has("check") ? "is stale; run npm run docs" : "written";
for (const file of stale) console.log(`${file} ${what}`);
for (const name of unused) console.error(`No document has the section ${name}`);
console.log(`${sections.size} sections made`);
process.exitCode = unused.size > 0 || (flags.has("check") && stale.length > 0) ? 1 : 0;
