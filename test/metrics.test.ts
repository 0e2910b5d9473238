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
});

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
