import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type ServiceName, serviceNames } from "../infra/local/services.ts";
import { startPlatform } from "./platform.ts";

/** As the documents call the processes. */
const calledInDocs = (name: ServiceName) => (name === "catalog" ? "api" : name);

// People are woken by these names: one that is written otherwise is an alert that never comes.
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

  // By the rules of `promtool check metrics`, and one family a name for parsers of OpenMetrics.
  await t.test("none of them is one that promtool's lint complains of", async () => {
    for (const name of serviceNames) {
      assert.deepEqual(faultsOf(await platform.metricsText(name)), [], calledInDocs(name));
    }
  });
});

/** Names of types and units that are not base units. */
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

/** Process → its metrics. Rows are `| names | processes | … |`. */
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
