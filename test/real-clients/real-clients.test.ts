import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { registerApp, startPlatform, type TestPlatform, untilEqual } from "../platform.ts";
import { findChromium, openPage } from "./chromium.ts";
import { type Calls, fetchDocuments, generatePython, generateTypeScript } from "./generated.ts";
import { installNpmPackages, installPythonPackages } from "./installed.ts";
import { serveSdkPage } from "./sdk-page.ts";
import { type Passed, startUnluckyProxy } from "./unlucky-proxy.ts";

/** SDKs wait longer before each try; three take them some 10 s. */
const retriesMsMax = 120_000;

// Guards the invariant "an acknowledged event shows exactly once in the events view" (INVARIANTS.md).
test("what strangers bring works as it is", { concurrency: true }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "mosis-clients-"));
  t.after(() => rm(folder, { recursive: true }));
  const packages = await installNpmPackages(folder);
  const page = await serveSdkPage(t, packages);
  const platform = await startPlatform(t, { INGEST_CORS_ORIGINS: page.origin });

  await Promise.all([
    // INVARIANT 1
    t.test("SDKs in a browser try again until each event is there once", (t) => inBrowser(t, platform, page)),
    // INVARIANT 52
    t.test("clients that generators for TypeScript make are compiled strictly, and call", (t) =>
      inTypeScript(t, platform, { folder, packages }),
    ),
    // INVARIANT 52
    t.test("clients that openapi-python-client makes are imported, and call", (t) =>
      inPython(t, platform, folder),
    ),
  ]);
});

async function inBrowser(
  t: TestContext,
  platform: TestPlatform,
  page: Awaited<ReturnType<typeof serveSdkPage>>,
): Promise<void> {
  const chromium = findChromium();
  if (chromium === null) return t.skip("no Chromium: install one, or set MOSIS_CHROMIUM to where it is");
  const app = await registerApp(platform);
  const proxy = await startUnluckyProxy(t, platform.urls.ingest);
  page.send({ key: app.ingestKey, ingest: proxy.url });
  const said = await openPage(t, chromium, page.origin);

  const paths = ["/v1/i", "/v1/p", "/v1/page", "/v1/t", "/v1/track"];
  const got = (path: string) => sentTo(proxy.passed, path).map((passed) => passed.got);
  try {
    const all = () => Promise.resolve(Object.fromEntries(paths.map((path) => [path, got(path)])));
    const lucky = [503, 429, "lost", 200];
    const expected = Object.fromEntries(paths.map((path) => [path, lucky]));
    await untilEqual(all, expected, { timeoutMs: retriesMsMax });
  } catch (error) {
    const seen = proxy.passed.map(({ method, path, got }) => `${method} ${path} ${got}`).join("\n");
    throw new Error(`What came to ingest:\n${seen}\nWhat the browser said:\n${said()}`, { cause: error });
  }
  // The SDKs send header fields of their own, which the page was allowed to send.
  const last = (path: string) => sentTo(proxy.passed, path).at(-1)?.headers ?? {};
  assert.ok(last("/v1/t")["x-retry-count"], "Segment's SDK counts its retries");
  assert.ok(last("/v1/track")["anonymousid"], "RudderStack's SDK names the install");

  // Each event came twice: the answer to the first was lost.
  const deliveries = `select toUInt32(count()) as count from ingest_batches where app_id = '${app.appId}'`;
  await untilEqual(() => platform.sql(deliveries), [{ count: 2 * paths.length }]);
  const read = () =>
    platform.sql(`select name, kind, toUInt32(count()) as count from events
      where app_id = '${app.appId}' group by name, kind order by name`);
  await untilEqual(read, [
    { name: "identify", kind: "event", count: 1 },
    { name: "rudderstack page", kind: "screen", count: 1 },
    { name: "rudderstack track", kind: "event", count: 1 },
    { name: "segment page", kind: "screen", count: 1 },
    { name: "segment track", kind: "event", count: 1 },
  ]);
}

async function inTypeScript(
  t: TestContext,
  platform: TestPlatform,
  { folder, packages }: { folder: string; packages: string },
): Promise<void> {
  const { urls } = platform;
  const documents = await fetchDocuments(urls);
  const project = join(folder, "typescript");
  const programs = await generateTypeScript(project, { packages, urls, documents });
  for (const [name, calls] of Object.entries(programs)) {
    await t.test(`by ${name}`, () => runCalls(platform, calls));
  }
}

async function inPython(t: TestContext, platform: TestPlatform, folder: string): Promise<void> {
  const packages = await installPythonPackages(folder);
  if ("missing" in packages) return t.skip(packages.missing);
  const documents = await fetchDocuments(platform.urls);
  const calls = await generatePython(join(folder, "python"), { packages: packages.folder, documents });
  await runCalls(platform, calls);
}

/** Runs the calls from an account to a receipt, and checks the event in SQL. */
async function runCalls(platform: TestPlatform, calls: Calls): Promise<void> {
  const word = `w${randomBytes(6).toString("hex")}`;
  const packageId = `org.${word}.chess`;
  const { catalog, ingest, query } = platform.urls;
  assert.deepEqual(await calls({ urls: { catalog, ingest, query }, word }), {
    packageId,
    name: "Chess",
    status: "draft",
    refusal: "not_found",
    accepted: 1,
    state: "stored",
  });
  const read = () =>
    platform.sql(`select name, kind, duration_ms, properties from events where package_id = '${packageId}'`);
  const properties = { level: "forest", score: "12.5", won: "1" };
  await untilEqual(read, [{ name: "level_complete", kind: "screen", duration_ms: 1200, properties }]);
}

function sentTo(passed: readonly Passed[], path: string): Passed[] {
  return passed.filter((one) => one.method === "POST" && one.path === path);
}
