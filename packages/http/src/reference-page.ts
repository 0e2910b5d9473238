import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Router } from "express";
import { createRouter } from "./router.ts";
import { type Asset, makeAsset, sendAsset } from "./asset.ts";
import type { OpenApiDocument } from "./openapi.ts";
import type { Admit } from "./request-limits.ts";

type Read = () => Promise<Asset>;

const utf8 = "charset=utf-8";

/**
 * Makes a page at `/docs` on which people read the OpenAPI document, and try it with their own key. This
 * server has everything that the page needs: its policy lets a browser load nothing else.
 */
export function referencePage({ info }: OpenApiDocument, admit: Admit): Router {
  const router = createRouter();
  const page = once(() => makeAsset(`text/html; ${utf8}`, pageOf(info.title)));
  const assets: Record<string, Read> = {
    "swagger-ui.css": once(() => fromFile("text/css", import.meta.resolve("swagger-ui-dist/swagger-ui.css"))),
    "swagger-ui-bundle.js": once(() =>
      fromFile("text/javascript", import.meta.resolve("swagger-ui-dist/swagger-ui-bundle.js")),
    ),
    "start.js": once(() => makeAsset(`text/javascript; ${utf8}`, start)),
  };

  router.get("/docs", async (req, res) => {
    admit(req, res);
    res.setHeader("Content-Security-Policy", policy);
    sendAsset(req, res, await page(), "no-cache");
  });
  router.get("/docs/:name", async (req, res, next) => {
    admit(req, res);
    const { name } = req.params;
    const read = Object.hasOwn(assets, name) ? assets[name] : undefined;
    if (read) sendAsset(req, res, await read(), "public, max-age=86400");
    else next();
  });
  return router;
}

/** The page writes styles into its elements, and its icons are in its style sheet. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function pageOf(title: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="reference"></div>
    <noscript>The document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
}

/**
 * Without `validatorUrl: null` the page would send the document's address to a server of Swagger's makers.
 */
const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
});
`;

async function fromFile(type: string, url: string): Promise<Asset> {
  return makeAsset(`${type}; ${utf8}`, await readFile(fileURLToPath(url), "utf8"));
}

/** Delays a read until it is first needed: two megabytes that most processes never serve. */
function once(read: Read): Read {
  let reading: Promise<Asset> | undefined;
  return () => (reading ??= read());
}
