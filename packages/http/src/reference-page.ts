import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Request, type Response, Router } from "express";
import { etagOf, isKnown } from "./etag.ts";
import type { OpenApiDocument } from "./openapi.ts";

/** A file as it is served, put together once. */
interface Asset {
  type: string;
  etag: string;
  plain: Buffer;
  zipped: Buffer;
}

type Read = () => Promise<Asset>;

/**
 * A page at `/docs` on which people read the OpenAPI document, and try it with a key of theirs. Everything it
 * needs comes from here: its policy lets a browser load nothing else.
 */
export function referencePage({ info }: OpenApiDocument): Router {
  const router = Router();
  const page = once(() => toAsset("text/html", pageOf(info.title)));
  const assets: Record<string, Read> = {
    "swagger-ui.css": once(() => fromFile("text/css", import.meta.resolve("swagger-ui-dist/swagger-ui.css"))),
    "swagger-ui-bundle.js": once(() =>
      fromFile("text/javascript", import.meta.resolve("swagger-ui-dist/swagger-ui-bundle.js")),
    ),
    "start.js": once(() => toAsset("text/javascript", start)),
  };

  router.get("/docs", async (req, res) => {
    res.setHeader("Content-Security-Policy", policy);
    await answer(req, res, page, "no-cache");
  });
  router.get("/docs/:name", async (req, res, next) => {
    const { name } = req.params;
    const read = Object.hasOwn(assets, name) ? assets[name] : undefined;
    if (read) await answer(req, res, read, "public, max-age=86400");
    else next();
  });
  return router;
}

/** The page writes styles into its elements, and its icons are in its style sheet. */
const policy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
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

/** Without `validatorUrl: null` the page would send the document's address to a server of its makers. */
const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
});
`;

const zip = promisify(gzip);

async function toAsset(type: string, content: string): Promise<Asset> {
  const plain = Buffer.from(content);
  return { type: `${type}; charset=utf-8`, etag: etagOf(content), plain, zipped: await zip(plain) };
}

async function fromFile(type: string, url: string): Promise<Asset> {
  return toAsset(type, await readFile(fileURLToPath(url), "utf8"));
}

/** Read when it is first asked for: two megabytes that most processes never need. */
function once(read: Read): Read {
  let reading: Promise<Asset> | undefined;
  return () => (reading ??= read());
}

async function answer(req: Request, res: Response, read: Read, caching: string): Promise<void> {
  const { type, etag, plain, zipped } = await read();
  res.setHeader("ETag", etag);
  res.setHeader("Cache-Control", caching);
  res.setHeader("Vary", "Accept-Encoding");
  res.setHeader("X-Content-Type-Options", "nosniff");
  if (isKnown(req, etag)) {
    res.status(304).end();
    return;
  }
  const isZipped = req.acceptsEncodings("gzip") === "gzip";
  if (isZipped) res.setHeader("Content-Encoding", "gzip");
  res.setHeader("Content-Type", type);
  res.end(isZipped ? zipped : plain);
}
