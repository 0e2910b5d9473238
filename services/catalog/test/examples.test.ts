import assert from "node:assert/strict";
import { test } from "node:test";
import { operationsOf, targetOf } from "@mosis/devstack";
import { catalogDocument } from "../src/openapi.ts";
import { startCatalog } from "./support.ts";

/** What says that a request is wrong, whatever it is about. */
const wrong = new Set([400, 413, 415, 422]);
/** That a token, a key or a proof is not one that the server knows says nothing about the request. */
const unknown = /"code":"(?:token_invalid|reference_unknown|signature_invalid)"/;

// An example is about things that are not there, or taken by then: it is refused for that alone.
test("no example of a body, a path or a query in the document is refused as wrong", async (t) => {
  const { as, url } = await startCatalog(t);
  const { token } = await as("ada");
  const refused: string[] = [];
  let sent = 0;
  for (const { path, method, operation } of operationsOf(catalogDocument)) {
    const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    const hasBody = type !== undefined && media?.example !== undefined;
    if (!hasBody && method !== "GET") continue;
    const answer = await fetch(url + targetOf(path, operation.parameters), {
      method,
      // Where a provider sends a browser back to, it would be followed to the provider.
      redirect: "manual",
      headers: { authorization: `Bearer ${token}`, "if-match": '"1"', "content-type": type ?? "text/plain" },
      ...(hasBody ? { body: JSON.stringify(media.example) } : {}),
    });
    const text = await answer.text();
    sent++;
    const isWrong = wrong.has(answer.status) && !unknown.test(text);
    if (isWrong || answer.status >= 500) refused.push(`${method} ${path} ${text}`);
  }
  assert.ok(sent > 60, String(sent));
  assert.deepEqual(refused, []);
});
