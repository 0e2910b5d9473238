import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import { listenLocally } from "./listen-locally.ts";

interface SdkPage {
  /** The page's origin; its port differs from ingest's, so it is another origin. */
  origin: string;
  /** Makes the page send events with the key to ingest. */
  send(what: { key: string; ingest: string }): void;
}

/** Serves a page that loads the SDKs of Segment and RudderStack as their packages have them for browsers. */
export async function serveSdkPage(t: TestContext, packages: string): Promise<SdkPage> {
  const segment = join(packages, "@segment/analytics-next/dist/umd");
  const rudderstack = join(packages, "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js");
  let html = "";
  const server = createServer((req, res) => {
    const { pathname } = new URL(req.url ?? "/", "http://127.0.0.1");
    if (pathname === "/") {
      res.writeHead(200, { "content-type": "text/html" }).end(html);
      return;
    }
    // Segment's SDK loads parts of itself by names of its own.
    const isPart = pathname === "/segment.js" || pathname.endsWith(".bundle.js");
    const name = pathname === "/segment.js" ? "index.js" : basename(pathname);
    const file = pathname === "/rudderstack.js" ? rudderstack : isPart ? join(segment, name) : null;
    if (file === null) res.writeHead(404).end();
    else res.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(file));
  });
  const origin = await listenLocally(t, server);
  return { origin, send: (what) => void (html = pageOf(what)) };
}

/**
 * Returns the page. It contains the settings of both SDKs, which they would fetch from their makers
 * otherwise.
 */
function pageOf({ key, ingest }: { key: string; ingest: string }): string {
  const given = JSON.stringify({ key, ingest, host: new URL(ingest).host });
  return `<!doctype html>
<script src="/segment.js"></script>
<script src="/rudderstack.js"></script>
<script>
const { key, ingest, host } = ${given};
const server = { apiHost: host + "/v1", protocol: "http" };
const segment = AnalyticsNext.AnalyticsBrowser.load(
  { writeKey: key, cdnURL: location.origin,
    cdnSettings: { integrations: { "Segment.io": { apiKey: key } }, metrics: { sampleRate: 0 } } },
  { integrations: { "Segment.io": server } },
);
segment.track("segment track", { n: 1 });
segment.page("segment page");
segment.identify("u-1", { plan: "free" });

const off = { enabled: false };
const source = { id: "s", name: "page", writeKey: key, enabled: true, workspaceId: "w", destinations: [],
  connections: [], dataplanes: {}, config: { statsCollection: { errors: off, metrics: off } } };
const rudderstack = new rudderanalytics.RudderAnalytics();
rudderstack.load(key, ingest, { getSourceConfig: () => ({ source }), loadIntegration: false,
  sendAdblockPage: false });
rudderstack.track("rudderstack track", { n: 2 });
rudderstack.page("rudderstack page");
</script>
`;
}
