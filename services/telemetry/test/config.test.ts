import assert from "node:assert/strict";
import { test } from "node:test";
import type { OpenApiDocument } from "@mosis/http";
import type { ProblemBody } from "@mosis/types/problems";
import { TelemetryConfig, telemetryLimits } from "@mosis/types/telemetry";
import { Compile } from "typebox/compile";
import { openApp } from "./sending.ts";
import { freshKafka, newSecret, publishApp } from "./support.ts";

test("the config tells the limits that are checked, and is sent again only when it changed", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const first = await readConfig(url, secret);
  assert.equal(first.status, 200);
  const config: unknown = await first.json();
  assert.ok(Compile(TelemetryConfig).Check(config));
  const limits = Object.entries(telemetryLimits).map(([name, limit]) => [
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    limit,
  ]);
  assert.deepEqual(config.limits, Object.fromEntries(limits));
  assert.ok(config.batch.events_max <= telemetryLimits.eventsPerBatchMax);
  assert.ok(config.batch.bytes_max <= telemetryLimits.bodyBytesMax);
  const etag = first.headers.get("etag") ?? "";
  assert.match(etag, /^"[\w-]+"$/);
  assert.match(first.headers.get("cache-control") ?? "", /^private, max-age=\d+$/);

  for (const known of [etag, `W/${etag}`, `"old", ${etag}`, "*"]) {
    const again = await readConfig(url, secret, known);
    assert.deepEqual([again.status, await again.text()], [304, ""], known);
    assert.equal(again.headers.get("etag"), etag);
    assert.equal(again.headers.get("cache-control"), first.headers.get("cache-control"));
  }
  for (const other of ['"old"', etag.slice(1, -1), ""]) {
    assert.equal((await readConfig(url, secret, other)).status, 200, other);
  }
});

test("the config needs a key that may send", async (t) => {
  const { url, secret, producer } = await openApp(t, await freshKafka());
  const etag = (await readConfig(url, secret)).headers.get("etag") ?? "";
  const reader = await publishApp(producer, { permissions: ["telemetry:read"] });
  const refusals = [
    [await fetch(`${url}/v1/telemetry/config`), 401, "credentials_missing"],
    [await readConfig(url, newSecret(), etag), 401, "credentials_invalid"],
    [await readConfig(url, reader.secret, etag), 403, "permission_missing"],
  ] as const;
  for (const [answer, status, code] of refusals) {
    assert.deepEqual([answer.status, ((await answer.json()) as ProblemBody).code], [status, code]);
    assert.equal(answer.headers.get("cache-control"), "no-store");
  }
});

test("the document of ingest tells every route and both forms of a batch", async (t) => {
  const { url } = await openApp(t, await freshKafka());
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
  assert.deepEqual(Object.keys(paths), [
    "/v1/telemetry/batches",
    "/v1/telemetry/batches:validate",
    "/v1/telemetry/config",
    "/v1/logs",
    ...["batch", "b", "import"].map((name) => `/v1/${name}`),
    ...["track", "identify", "page", "screen", "group", "alias"].flatMap((name) => [
      `/v1/${name}`,
      `/v1/${name.charAt(0)}`,
    ]),
  ]);
  for (const path of ["/v1/telemetry/batches", "/v1/telemetry/batches:validate"]) {
    const operation = paths[path]?.["post"] as Described | undefined;
    assert.deepEqual(Object.keys(operation?.requestBody.content ?? {}), [
      "application/json",
      "application/x-ndjson",
    ]);
    assert.ok(operation?.parameters.some((it) => it.in === "header" && it.name === "Mosis-Batch-Id"));
  }
});

interface Described {
  requestBody: { content: object };
  parameters: { name: string; in: string }[];
}

function readConfig(url: string, secret: string, known?: string) {
  const condition = known === undefined ? {} : { "if-none-match": known };
  return fetch(`${url}/v1/telemetry/config`, {
    headers: { authorization: `Bearer ${secret}`, ...condition },
  });
}
