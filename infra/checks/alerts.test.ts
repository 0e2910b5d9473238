import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createMetrics } from "@mosis/runtime";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

const alerts = read("infra/prometheus/alerts.yml")
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((text) => ({
    name: /^\w+/.exec(text)?.[0] ?? "",
    expr: valueOf(text, "expr"),
    severity: /^ {8}labels: \{ severity: (\w+) \}$/m.exec(text)?.[1],
    summary: valueOf(text, "summary"),
    runbook: valueOf(text, "runbook"),
  }));

test("every alert says what it watches, how bad it is, what it means and where to read on", () => {
  assert.ok(alerts.length >= 10, `${alerts.length} alerts were found`);
  for (const { name, expr, severity, summary } of alerts) {
    assert.ok(expr.length > 0, `${name} watches nothing`);
    assert.match(severity ?? "", /^(page|ticket)$/, name);
    assert.match(summary, /^(["']).+\.\1$/, `${name} has a sentence in quotes as its summary`);
    assert.equal(expr.split("(").length, expr.split(")").length, `${name} has a parenthesis too many`);
  }
});

// An alert rule on a metric that was renamed stays silent for ever.
test("every metric of an alert is registered in the code", () => {
  const sources = globSync("{packages,services}/*/src/**/*.ts", { cwd: root })
    .filter((file) => !file.endsWith(".test.ts"))
    .map(read)
    .join("\n");
  const ofNode = new Set(
    createMetrics({ service: "check" })
      .registry.getMetricsAsArray()
      .map((m) => m.name),
  );
  for (const { name, expr } of alerts) {
    const metrics = metricsOf(expr);
    assert.ok(metrics.length > 0, `${name} watches no metric`);
    for (const metric of metrics) {
      const known = ofNode.has(metric) || metric === "up" || sources.includes(`"${metric}"`);
      assert.ok(known, `${name} watches ${metric}, which nothing registers`);
    }
  }
});

test("every runbook is a section of the documents", () => {
  for (const { name, runbook } of alerts) {
    const [file = "", anchor] = runbook.split("#");
    const sections = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, "")
        .replaceAll(" ", "-"),
    );
    assert.ok(sections.includes(anchor ?? ""), `${name}: ${runbook} is not there`);
  }
});

function valueOf(text: string, key: string): string {
  return new RegExp(`^ +${key}: (.+)$`, "m").exec(text)?.[1] ?? "";
}

/**
 * Returns the names outside of braces and brackets that are no function, keyword or label of an aggregation.
 */
function metricsOf(expr: string): string[] {
  const bare = expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(by|on) \([^)]*\)/g, "");
  const names = [...bare.matchAll(/\b[a-z_][a-z0-9_]*\b(?!\s*\()/g)].map(([name]) => name);
  return names
    .filter((name) => !["and", "or", "by", "on"].includes(name))
    .map((name) => name.replace(/_(bucket|count|sum)$/, ""));
}
