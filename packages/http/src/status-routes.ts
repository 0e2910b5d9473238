import type { Metrics } from "@mosis/runtime";
import type { Router } from "express";
import { createRouter } from "./router.ts";
import { makeAsset, sendAsset } from "./asset.ts";
import type { OpenApiDocument } from "./openapi.ts";
import type { Admit } from "./request-limits.ts";

/**
 * Checks that a process must pass before it gets traffic, by name. A check throws when it fails, and may
 * return a word about its state, e.g. `standby`.
 */
export type ReadyChecks = Record<string, () => Promise<string | void> | string | void>;

interface Verdict {
  ready: boolean;
  detail?: string;
}

const checkTimeoutMs = 2000;
/**
 * The age of a verdict that is reused. Anybody may ask, so the stores are asked once in this time, however
 * many requests come.
 * @limit age of an answer of `/readyz`
 */
const verdictAgeMsMax = 1000;

/**
 * Serves `/healthz` (the process answers), `/readyz` (each check by name), `/metrics` (Prometheus) and
 * `/openapi.json`.
 */
export function statusRoutes({
  metrics,
  ready,
  openapi,
  admit,
}: {
  metrics: Metrics;
  ready: ReadyChecks;
  openapi: OpenApiDocument;
  admit: Admit;
}): Router {
  const router = createRouter();
  // It is made at the start, off the main thread: the first request must not wait for it, and must not cost
  // the main thread work.
  const document = makeAsset("application/json; charset=utf-8", JSON.stringify(openapi));
  const judgeAll = onceIn(verdictAgeMsMax, () => Promise.all(Object.values(ready).map(judge)));

  router.get("/healthz", (_req, res) => void res.json({ status: "alive" }));

  router.get("/readyz", async (_req, res) => {
    const names = Object.keys(ready);
    const verdicts = await judgeAll();
    const isReady = verdicts.every((verdict) => verdict.ready);
    res.status(isReady ? 200 : 503).json({
      status: isReady ? "ready" : "not_ready",
      checks: Object.fromEntries(names.map((name, i) => [name, verdicts[i]])),
    });
  });

  router.get("/metrics", async (_req, res) => {
    res.setHeader("Content-Type", metrics.registry.contentType);
    res.end(await metrics.registry.metrics());
  });

  router.get("/openapi.json", async (req, res) => {
    admit(req, res);
    sendAsset(req, res, await document, "public, max-age=300");
  });

  return router;
}

/**
 * Shares the result of work until it reaches an age. Callers that come while it runs wait for the same
 * result.
 */
function onceIn<T>(ageMsMax: number, work: () => Promise<T>): () => Promise<T> {
  let last: { startedMs: number; result: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.startedMs >= ageMsMax) last = { startedMs: now, result: work() };
    return last.result;
  };
}

async function judge(check: ReadyChecks[string]): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkTimeoutMs} ms`)), checkTimeoutMs);
  });
  try {
    const detail = await Promise.race([check(), deadline]);
    return detail === undefined ? { ready: true } : { ready: true, detail };
  } catch (error) {
    return { ready: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
