import assert from "node:assert/strict";
import { test } from "node:test";
import { operationsOf, targetOf } from "@mosis/devstack";
import { openApiDocument } from "@mosis/http";
import { batchHeaders } from "@mosis/types/telemetry";
import { ingestDocument } from "../src/ingest/protocols/openapi.ts";
import { queryApi } from "../src/openapi.ts";
import { openRejected } from "./books.ts";

/** The bodies of a document's examples, about an app that is there. */
function bodiesOf(operations: ReturnType<typeof operationsOf>, packageId: string) {
  return operations.flatMap(({ path, operation }) =>
    Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { example }]) => {
      if (example === undefined) return [];
      const text = typeof example === "string" ? example : JSON.stringify(example);
      const own = (it: string) => it.replaceAll("org.mosis.chess", packageId);
      return [{ path: own(path.replace("{package_id}", packageId)), type, body: own(text) }];
    }),
  );
}

test("every example of a path and a query in the documents of ingest and query is answered", async (t) => {
  const { ingest, url, reader, app } = await openRejected(t);
  const services = [
    { url: ingest.url, secret: ingest.secret, document: ingestDocument() },
    { url, secret: reader.secret, document: openApiDocument(queryApi) },
  ];
  for (const { url: service, secret, document } of services) {
    const reads = operationsOf(document).filter(({ method }) => method === "GET");
    assert.ok(reads.length > 0);
    for (const { path, operation } of reads) {
      const target = targetOf(path, operation.parameters).replaceAll("org.mosis.chess", app.package_id);
      const answer = await fetch(service + target, { headers: { authorization: `Bearer ${secret}` } });
      const text = await answer.text();
      // What the example names may not be there; what it asks is right.
      assert.ok(answer.ok || [403, 404].includes(answer.status), `${target}: ${answer.status} ${text}`);
    }
  }
});

test("every example of a body in the documents of ingest and query is taken, whole", async (t) => {
  const { ingest, url, reader, app, books } = await openRejected(t);
  const sent = bodiesOf(operationsOf(ingestDocument()), app.package_id);
  assert.ok(sent.length >= 20, String(sent.length));
  const lines = { [batchHeaders.batch_id]: "0199c0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f" };
  for (const { path, type, body } of sent) {
    const headers = { authorization: `Bearer ${ingest.secret}`, "content-type": type, ...lines };
    const answer = await fetch(ingest.url + path, { method: "POST", headers, body });
    const text = await answer.text();
    assert.ok(answer.ok, `${path} ${type}: ${answer.status} ${text}`);
    assert.doesNotMatch(text, /"rejected":[1-9]|partialSuccess/, `${path} ${type}`);
  }
  for (const { path, type, body } of bodiesOf(operationsOf(openApiDocument(queryApi)), app.package_id)) {
    const headers = { authorization: `Bearer ${reader.secret}`, "content-type": type };
    const answer = await fetch(url + path, { method: "POST", headers, body });
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
  }
  assert.equal((await books()).totals.rejected, 0);
});
