import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp } from "./sending.ts";
import { freshKafka } from "./support.ts";

const routes = ["/v1/telemetry/batches", "/v1/telemetry/batches:validate", "/v1/logs", "/v1/track", "/v1/t"];
const shop = "https://shop.example.org";

test("pages of the origins that are named may send from a browser, and no others", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka(), { corsOrigins: [shop] });
  for (const route of routes) {
    const asked = await preflight(`${url}${route}`, shop);
    assert.equal(asked.status, 204, route);
    assert.equal(asked.headers.get("access-control-allow-origin"), shop);
    assert.equal(asked.headers.get("access-control-allow-methods"), "POST");
    assert.match(
      asked.headers.get("access-control-allow-headers") ?? "",
      /Authorization.*Content-Type.*X-Retry-Count.*AnonymousId/,
    );
    assert.equal(asked.headers.get("vary"), "Origin");
    const stranger = await preflight(`${url}${route}`, "https://evil.example.org");
    assert.equal(stranger.headers.get("access-control-allow-origin"), null);

    // A refusal too, so that a page can tell why.
    for (const key of [`Bearer ${secret}`, "Bearer nobody"]) {
      const headers = { origin: shop, authorization: key, "content-type": "application/json" };
      const answer = await fetch(`${url}${route}`, { method: "POST", headers, body: "{}" });
      assert.equal(answer.headers.get("access-control-allow-origin"), shop, `${route} ${answer.status}`);
      assert.match(answer.headers.get("access-control-expose-headers") ?? "", /Retry-After/);
    }
  }
});

test("all origins may send when * is named, and none when nothing is", async (t) => {
  const open = await openApp(t, await freshKafka(), { corsOrigins: ["*"] });
  const asked = await preflight(`${open.url}/v1/batch`, shop);
  assert.deepEqual([asked.status, asked.headers.get("access-control-allow-origin")], [204, "*"]);
  const closed = await openApp(t, await freshKafka());
  const refused = await preflight(`${closed.url}/v1/batch`, shop);
  assert.deepEqual([refused.status, refused.headers.get("access-control-allow-origin")], [405, null]);
});

function preflight(target: string, origin: string) {
  const headers = { origin, "access-control-request-method": "POST" };
  return fetch(target, { method: "OPTIONS", headers });
}
