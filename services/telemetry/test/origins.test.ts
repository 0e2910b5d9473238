import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp } from "./sending.ts";
import { freshKafka } from "./support.ts";

const routes = ["/v1/telemetry/batches", "/v1/telemetry/batches:validate", "/v1/logs", "/v1/track", "/v1/t"];
const shop = "https://shop.example.org";

/** What a browser asks for when it has one of these SDKs, seen with Chromium 156. */
const askedBySdks = [
  // @segment/analytics-next 1.84, at first and when it tries again.
  "authorization",
  "authorization,x-retry-count",
  // @rudderstack/analytics-js 3.34, the same.
  "anonymousid,authorization,content-type,sentat",
  "anonymousid,authorization,content-type,rsa-retry-attempt,rsa-retry-reason,rsa-since-first-attempt," +
    "rsa-since-last-attempt,sentat",
  // Ours, and of OpenTelemetry for the web.
  "authorization,content-encoding,content-type,mosis-batch-id",
];

test("pages of the origins that are named may send from a browser, and no others", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka(), { corsOrigins: [shop] });
  for (const route of routes) {
    const asked = await preflight(`${url}${route}`, shop);
    assert.equal(asked.status, 204, route);
    assert.equal(asked.headers.get("access-control-allow-origin"), shop);
    assert.equal(asked.headers.get("access-control-allow-methods"), "POST");
    for (const names of askedBySdks) {
      const answer = await preflight(`${url}${route}`, shop, names);
      assert.equal(answer.headers.get("access-control-allow-headers"), names);
    }
    for (const names of ["x(y)", `x-${"y".repeat(2048)}`]) {
      const answer = await preflight(`${url}${route}`, shop, names);
      assert.equal(answer.headers.get("access-control-allow-headers") ?? "", "");
    }
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

function preflight(target: string, origin: string, names?: string) {
  const asked = names === undefined ? {} : { "access-control-request-headers": names };
  const headers = { origin, "access-control-request-method": "POST", ...asked };
  return fetch(target, { method: "OPTIONS", headers });
}
