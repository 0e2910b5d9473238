import assert from "node:assert/strict";
import { test } from "node:test";
import { operationsOf } from "@mosis/devstack";
import { catalogDocument } from "../src/openapi.ts";
import { startCatalog } from "./support.ts";

const managementPaths = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/start.js"];

// A proxy's rule on `/metrics` does not see `/Metrics`. Every router is made by createRouter of @mosis/http.
test("a path is taken as it is written: in another case or with a slash behind it it is a 404", async (t) => {
  const { url } = await startCatalog(t);
  const paths = operationsOf(catalogDocument).map(({ path }) => path.replaceAll(/\{\w+\}/g, "x"));
  for (const path of new Set([...managementPaths, ...paths])) {
    for (const other of [
      path.toUpperCase(),
      path.replace(/^\/./, (start) => start.toUpperCase()),
      `${path}/`,
    ]) {
      for (const method of ["GET", "POST"]) {
        assert.equal((await fetch(url + other, { method })).status, 404, `${method} ${other}`);
      }
    }
  }
});
