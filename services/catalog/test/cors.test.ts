import assert from "node:assert/strict";
import { test } from "node:test";
import { startCatalog } from "./support.ts";

const portal = "https://portal.example.org";
const stranger = "https://evil.example.org";

function preflight(url: string, origin: string) {
  const headers = { origin, "access-control-request-method": "PATCH" };
  return fetch(url, { method: "OPTIONS", headers });
}

test("pages of the named origins may use the API and read what they need, and no others", async (t) => {
  const { url } = await startCatalog(t, { corsOrigins: [portal] });
  const asked = await preflight(`${url}/v1/apps/org.mosis.go`, portal);
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get("access-control-allow-origin"), portal);
  assert.match(asked.headers.get("access-control-allow-methods") ?? "", /PATCH/);
  assert.match(
    asked.headers.get("access-control-allow-headers") ?? "",
    /Authorization.*If-Match.*Idempotency/,
  );
  const refused = await preflight(`${url}/v1/apps`, stranger);
  assert.equal(refused.headers.get("access-control-allow-origin"), null);

  // Refusals too, so that a page can tell why; and nothing that a cache could give to somebody else.
  for (const [origin, allowed] of [
    [portal, portal],
    [stranger, null],
  ] as const) {
    const { status, headers } = await fetch(`${url}/v1/apps`, { headers: { origin } });
    assert.deepEqual([status, headers.get("access-control-allow-origin")], [401, allowed]);
    assert.equal(headers.get("vary"), "Origin");
    assert.equal(headers.get("access-control-allow-credentials"), null);
    if (allowed) assert.match(headers.get("access-control-expose-headers") ?? "", /ETag.*Link.*RateLimit/);
  }
});

test("without a setting no page of another origin reads anything", async (t) => {
  const { url } = await startCatalog(t);
  const asked = await preflight(`${url}/v1/apps`, portal);
  assert.equal(asked.headers.get("access-control-allow-origin"), null);
  const { headers } = await fetch(`${url}/v1/apps`, { headers: { origin: portal } });
  assert.equal(headers.get("access-control-allow-origin"), null);
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
});
