import { parse, problem, createRouter } from "@mosis/http";
import { type OutcomeBucket, outcomeLimits, OutcomesQuery } from "@mosis/types/outcomes";
import type { Router } from "express";
import type { FindApp } from "../access/find-app.ts";
import type { Authenticate } from "../access/authenticate.ts";
import type { StoreOf } from "../store/store-shares.ts";
import { wholeMs } from "../store/filters.ts";
import { type Counted, countOutcomes } from "./queries.ts";

interface OutcomeDeps {
  storeOf: StoreOf;
  authenticate: Authenticate;
  findApp: FindApp;
}

export function outcomeRoutes({ storeOf, authenticate, findApp }: OutcomeDeps): Router {
  const router = createRouter();

  router.get("/v1/apps/:package_id/telemetry/outcomes", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:read"]);
    const appId = findApp(grant, req.params.package_id);
    const query = parse(OutcomesQuery, req.query, "query");
    const range = rangeOf(query);
    const { rowsMax } = outcomeLimits;
    const counted = await countOutcomes(storeOf(grant), {
      appId,
      ...range,
      interval: query.interval,
      rowsMax,
    });
    if (counted.length > rowsMax) {
      throw tooMuch("/interval", `There are more than ${rowsMax} reasons in this time.`);
    }
    const buckets = [...Map.groupBy(counted, ({ bucket }) => bucket)];
    res.json({ data: buckets.map(([time, rows]) => bucketOf(time, rows)) });
  });

  return router;
}

const intervalMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

function rangeOf({ from, to, interval }: OutcomesQuery): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [wholeMs(from), wholeMs(to)];
  if (toMs <= fromMs) {
    throw problem("invalid_request", "The time ends before it begins.", {
      errors: [{ pointer: "/to", code: "not_after_from", message: "must be after from" }],
    });
  }
  if ((toMs - fromMs) / intervalMs[interval] > outcomeLimits.bucketsMax) {
    throw tooMuch("/to", `There are more than ${outcomeLimits.bucketsMax} intervals in this time.`);
  }
  return { fromMs, toMs };
}

function tooMuch(pointer: string, detail: string) {
  const fix = "Ask for a shorter time, or for a longer interval.";
  return problem("invalid_request", `${detail} ${fix}`, {
    errors: [{ pointer, code: "too_long", message: "asks for too much at once", fix }],
  });
}

function bucketOf(time: string, rows: readonly Counted[]): OutcomeBucket {
  const totals = { accepted: 0, rejected: 0, dropped: 0, replayed: 0, refused: 0, discarded: 0, warned: 0 };
  for (const { outcome, reason, total } of rows) {
    // An event may have two warnings, so the sum of its reasons is meaningless.
    if (outcome !== "warned" || reason === "") totals[outcome] += total;
  }
  const { accepted, rejected, dropped, replayed } = totals;
  const reasons = rows
    .filter(({ reason }) => reason !== "")
    .map(({ outcome, reason, total }) => ({ outcome, reason, count: total }));
  return { time, received: accepted + rejected + dropped - replayed, ...totals, reasons };
}
