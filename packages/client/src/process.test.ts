import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestSummary } from "./request-summary.ts";

const sample = { method: "GET", route: "/v1/apps/{package_id}", status: 200, duration_ms: 2 };

test("a busy interval reports as many events as an idle one", () => {
  const summary = new RequestSummary();
  for (let i = 0; i < 10_000; i++) summary.add({ ...sample, duration_ms: i === 0 ? 20 : 2 });
  const { method, route, status } = sample;
  assert.deepEqual(summary.take(), [
    {
      durationMs: 2,
      properties: { method, route, status, count: 10_000, duration_ms_mean: 2.002, duration_ms_max: 20 },
    },
  ]);
  assert.deepEqual(summary.take(), []);
});

test("routes beyond the bound are summed up as one", () => {
  const summary = new RequestSummary();
  for (let i = 0; i < 500; i++) summary.add({ ...sample, route: `/${i}` });
  const sums = summary.take();
  assert.equal(sums.length, 101);
  assert.equal(sums.find(({ properties }) => properties.route === "other")?.properties.count, 400);
});
