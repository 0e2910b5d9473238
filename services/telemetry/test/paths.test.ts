import assert from "node:assert/strict";
import { test } from "node:test";
import type { OpenApiDocument } from "@mosis/http";
import { segmentRoutes } from "../src/ingest/protocols/segment/protocol.ts";
import { openApp } from "./sending.ts";
import { freshKafka } from "./support.ts";

// Guards "a path is taken as it is written", on the hot routes of ingest and behind them.
test("a path of ingest in another case or with a slash behind it is a 404", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
  const headers = { authorization: `Bearer ${secret}` };
  for (const path of [...Object.keys(paths), "/metrics", "/readyz", "/openapi.json", "/docs"]) {
    for (const other of [path.toUpperCase(), path.replace("/v1", "/V1").replace("/m", "/M"), `${path}/`]) {
      // SDKs of Segment end their paths so.
      if (other === path || (other === `${path}/` && isOfSegment(path))) continue;
      for (const method of ["GET", "POST"]) {
        assert.equal((await fetch(url + other, { method, headers })).status, 404, `${method} ${other}`);
      }
    }
  }
});

function isOfSegment(path: string): boolean {
  return segmentRoutes.some(({ route }) => route === path);
}
