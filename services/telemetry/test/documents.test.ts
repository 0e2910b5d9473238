import assert from "node:assert/strict";
import { test } from "node:test";
import { documentFaults } from "@mosis/devstack";
import { openApiDocument } from "@mosis/http";
import { ingestDocument } from "../src/ingest/protocols/openapi.ts";
import { queryApi } from "../src/openapi.ts";

test("the documents of ingest and of query are OpenAPI 3.1, and their examples fit", async () => {
  assert.deepEqual(await documentFaults(ingestDocument()), []);
  assert.deepEqual(await documentFaults(openApiDocument(queryApi)), []);
});
