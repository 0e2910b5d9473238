import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type ServiceName, serviceNames } from "../infra/local/services.ts";
import { startPlatform } from "./platform.ts";

/** Returns the name that the documents use for a process. */
const calledInDocs = (name: ServiceName) => (name === "catalog" ? "api" : name);

// Alerts use these names: a wrong name is an alert that never comes.
test("each process has the metrics that docs/operations.md tells of it, and no others", async (t) => {
  const platform = await startPlatform(t);
  const text = await readFile(join(import.meta.dirname, "../docs/operations.md"), "utf8");
  const told = toldIn(text.split("## What to watch")[1]?.split("\n## ")[0] ?? "");
  const found = await Promise.all(
    serviceNames.map(async (name) => {
      const metrics = await platform.metrics(name);
      return [calledInDocs(name), metrics.filter((metric) => !/^(nodejs|process)_/.test(metric)).toSorted()];
    }),
  );
  assert.deepEqual(Object.fromEntries(found), told);

  // These are the rules of `promtool check metrics`, and each name must have only one family, for parsers of
  // OpenMetrics.
  await t.test("none of them is one that promtool's lint complains of", async () => {
    for (const name of serviceNames) {
      assert.deepEqual(faultsOf(await platform.metricsText(name)), [], calledInDocs(name));
    }
  });
});

/** The names of types and units that are not base units. */
const words = {
  type: /_(counter|gauge|histogram|summary)$/,
  unit: /_(ms|milliseconds|microseconds|minutes|hours|days|kilobytes|megabytes|bits|percent)(_total)?$/,
  ofParts: /_(count|sum|bucket|info)$/,
};

function faultsOf(text: string): string[] {
  const faults: string[] = [];
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => [name, help]));
  const families = new Map<string, string>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    if (!helps.get(name)) faults.push(`${name} has no help`);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) faults.push(`${name} is not in snake case`);
    if (words.type.test(name)) faults.push(`${name} names its type`);
    if (words.unit.test(name)) faults.push(`${name} has no base unit`);
    if (words.ofParts.test(name) && name !== "nodejs_version_info") faults.push(`${name} ends like a part`);
    if ((type === "counter") !== name.endsWith("_total")) faults.push(`${name} is a ${type}`);
    const family = name.replace(/_total$/, "");
    const other = families.get(family);
    if (other !== undefined) faults.push(`${name} and ${other} are one family`);
    families.set(family, name);
  }
  return faults;
}

/** Returns process → its metrics from a text. Rows are `| names | processes | … |`. */
function toldIn(text: string): Record<string, string[]> {
  const told: Record<string, string[]> = {};
  for (const [, names = "", processes = ""] of text.matchAll(
    /^\| (`[a-z_]+(?:\{.*?)?`.*?) \| ([a-z, ]+) \|/gm,
  )) {
    for (const process of processes.split(", ")) {
      const metrics = [...names.matchAll(/`([a-z_]+)/g)].map(([, metric = ""]) => metric);
      told[process] = [...(told[process] ?? []), ...metrics].toSorted();
    }
  }
  return told;
}
