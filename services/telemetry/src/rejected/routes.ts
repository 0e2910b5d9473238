import { createCursors, pageOf, parse, problem, readJson, sendPage, createRouter } from "@mosis/http";
import { FairQueue, type FairQueueLimits } from "@mosis/runtime";
import {
  type RejectedEvent,
  RejectedQuery,
  Replay,
  type Replayed,
  replayLimits,
} from "@mosis/types/rejected";
import type { Router } from "express";
import type { FindApp } from "../access/find-app.ts";
import type { Authenticate } from "../access/authenticate.ts";
import type { StoreOf } from "../store/store-shares.ts";
import { type Flusher, openDryRun } from "../ingest/blocks/flush.ts";
import type { RestrictionTable } from "../ingest/judging/restrictions.ts";
import { fixOf } from "./attempt.ts";
import { listRejected, positionOf, RejectedPosition, type RejectedRow } from "./queries.ts";
import { replayRejected } from "./replay.ts";

interface RejectedDeps {
  storeOf: StoreOf;
  /** The flusher that a replay sends with. */
  flusher: Flusher;
  authenticate: Authenticate;
  findApp: FindApp;
  restrictions: RestrictionTable;
}

const bodyLimit = { bytesMax: 65_536 } as const;
/** Each running replay holds a step of events in memory. The key is a developer. */
const replayShares: FairQueueLimits = {
  slotsMax: 4,
  slotsPerKeyMax: 2,
  waitingMax: 200,
  waitingPerKeyMax: 40,
  waitMsMax: 10_000,
};

export function rejectedRoutes(deps: RejectedDeps): Router {
  const { storeOf, flusher, authenticate, findApp, restrictions } = deps;
  const router = createRouter();
  const dryRunFlusher = openDryRun();
  const cursors = createCursors("rejected", RejectedPosition);
  const replays = new FairQueue(replayShares, {
    share: "Your account has too many replays running at once. Wait for one of them, then try again.",
    full: "Too many others are replaying. Try again later.",
  });

  router.get("/v1/apps/:package_id/telemetry/rejected", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:read"]);
    const appId = findApp(grant, req.params.package_id);
    const query = parse(RejectedQuery, req.query, "query");
    const { limit = 50, cursor, replayed = false, ...filter } = query;

    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const page = { order: "from new to old", rows: limit + 1 } as const;
    const rows = await listRejected(storeOf(grant), { ...filter, appId, replayed, behind }, page);
    const items = rows.map((row) => ({ item: toEvent(row), position: positionOf(row) }));
    sendPage(res, pageOf(items, limit, cursors));
  });

  // The colon is escaped: Express takes `:replay` for a parameter.
  router.post("/v1/apps/:package_id/telemetry/rejected\\:replay", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:write"]);
    if (grant.kind !== "management") {
      throw problem(
        "permission_missing",
        "A key that ships inside apps cannot replay: use a management key.",
      );
    }
    const appId = findApp(grant, req.params.package_id);
    const body = parse(Replay, await readJson(req, bodyLimit), "body");
    const { from, to, code, event_name: eventName, cursor, patch, dry_run: dryRun = false } = body;

    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const filter = { appId, from, to, code, eventName, replayed: false, behind };
    const { limit: eventsMax = replayLimits.eventsMax } = body;
    const report = await replays.run(grant.developerId, () => {
      const rules = restrictions.rulesOf(appId, grant, Date.now());
      const order = { appId, keyId: grant.keyId, rules, patch, filter, eventsMax, dryRun };
      return replayRejected({ store: storeOf(grant), flusher, dryRunFlusher }, order);
    });
    const { accepted, refusals, remaining, last } = report;
    const next_cursor = remaining > 0 && last ? cursors.encode(last) : null;
    const answer: Replayed = {
      accepted,
      rejected: refusals.length,
      remaining,
      next_cursor,
      results: refusals,
    };
    res.status(dryRun ? 200 : 202).json(answer);
  });

  return router;
}

function toEvent(row: RejectedRow): RejectedEvent {
  const { event_id, context, clock_correction_ms: _correction, ...rest } = row;
  return {
    ...rest,
    event_id: event_id === "" ? null : event_id,
    fix: fixOf(row.code),
    context: context === "" ? {} : (JSON.parse(context) as RejectedEvent["context"]),
  };
}
