import assert from "node:assert/strict";
import { test } from "node:test";
import { startCatalog } from "./support.ts";

// Guards "the reference page needs nobody but us" (docs/decisions/0020).
test("the reference page and all that it loads come from the process, and nothing else may", async (t) => {
  const { url } = await startCatalog(t);
  const page = await fetch(`${url}/docs`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'self'; /);
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval/);

  const html = await page.text();
  const loaded = [...html.matchAll(/ (?:src|href)="([^"]+)"/g)].map(([, target = ""]) => target);
  assert.ok(loaded.length >= 4, html);
  for (const target of loaded) {
    assert.match(target, /^(\/(?!\/)|data:,$)/, "it leads to the same host");
    if (target === "data:,") continue;
    const { status, headers } = await fetch(url + target);
    assert.equal(status, 200, target);
    assert.ok(headers.get("content-type")?.includes(target.endsWith(".css") ? "css" : "j"), target);
  }
  // What a browser would load by itself from inside of these: fonts and pictures of a style sheet.
  const styles = await (await fetch(`${url}/docs/swagger-ui.css`)).text();
  assert.doesNotMatch(styles, /@import|url\((?!["']?data:)/);
  const start = await (await fetch(`${url}/docs/start.js`)).text();
  assert.match(start, /validatorUrl: null/);
  assert.doesNotMatch(start, /https?:/);
});

test("files of the reference page are kept, asked for again by their tag, and sent zipped", async (t) => {
  const { url } = await startCatalog(t);
  const script = `${url}/docs/swagger-ui-bundle.js`;
  const first = await fetch(script, { headers: { "accept-encoding": "gzip" } });
  assert.equal(first.headers.get("content-encoding"), "gzip");
  assert.equal(first.headers.get("cache-control"), "public, max-age=86400");
  assert.match(await first.text(), /SwaggerUIBundle/);
  const etag = first.headers.get("etag") ?? "";
  const again = await fetch(script, { headers: { "if-none-match": etag } });
  assert.deepEqual([again.status, await again.text()], [304, ""]);
  for (const path of ["/docs/package.json", "/docs/..%2fpackage.json", "/docs/__proto__", "/docs/a/b"]) {
    assert.equal((await fetch(url + path)).status, 404, path);
  }
});
