import { setTimeout as pause } from "node:timers/promises";
import { createRouter, parse, type RateLimits, readJson, requestId } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { LeakReport, type LeakReportReceived } from "@mosis/types/key-leaks";
import type { Router } from "express";
import { leakReportLimit } from "../../shared/body-limit.ts";
import type { Credentials } from "../../access/credentials.ts";
import { reportLeaks } from "./changes.ts";

/**
 * The shortest time of an answer. It is long enough for the hundred changes that a report may make.
 * @limit the time until the answer to a report of leaks
 */
const answeredAfterMs = 1000;

interface KeyLeakDeps {
  db: Pool;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
}

export function keyLeakRoutes({ db, credentials, limits }: KeyLeakDeps): Router {
  const router = createRouter();

  /** Neither the answer nor the time that it takes shows whether a secret is one of ours. */
  router.post("/v1/keys\\:report-leak", async (req, res) => {
    limits.admitAnyone(req, res);
    const body = parse(LeakReport, await readJson(req, leakReportLimit), "body");

    await Promise.all([reportLeaks({ db, credentials }, body, requestId(req)), pause(answeredAfterMs)]);

    const received: LeakReportReceived = { received: body.length };
    res.status(202).json(received);
  });

  return router;
}
