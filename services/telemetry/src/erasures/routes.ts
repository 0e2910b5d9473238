import { createCursors, pageOf, parse, problem, sendPage, createRouter } from "@mosis/http";
import type { Erasure } from "@mosis/types/erasures";
import { Uuid } from "@mosis/types/formats";
import { PageQuery } from "@mosis/types/pages";
import type { Router } from "express";
import { Compile } from "typebox/compile";
import type { FindApp } from "../access/find-app.ts";
import type { Authenticate } from "../access/authenticate.ts";
import type { StoreOf } from "../store/store-shares.ts";
import { ErasurePosition, findErasure, listErasures } from "./queries.ts";
import type { RequestedErasures } from "./requested.ts";

interface ErasureDeps {
  storeOf: StoreOf;
  requested: Pick<RequestedErasures, "find" | "list">;
  authenticate: Authenticate;
  findApp: FindApp;
}

const uuid = Compile(Uuid);
const beginning: ErasurePosition = [253_402_300_799_999, "ffffffff-ffff-ffff-ffff-ffffffffffff"];

/** Serves what became of erasures: requests come from memory, until ClickHouse has the proof. */
export function erasureRoutes({ storeOf, requested, authenticate, findApp }: ErasureDeps): Router {
  const router = createRouter();
  const cursors = createCursors("erasures", ErasurePosition);

  router.get("/v1/apps/:package_id/telemetry/erasures", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:erase"]);
    const appId = findApp(grant, req.params.package_id);
    const { limit = 50, cursor } = parse(PageQuery, req.query, "query");
    const behind = cursor === undefined ? beginning : cursors.decode(cursor);

    // Memory is read first: an erasure that gets its proof in between is then in both, never in neither.
    const waiting = requested.list(appId).filter((erasure) => isBehind(erasure, behind));
    const ended = await listErasures(storeOf(grant), appId, { limit, behind });
    const erasures = new Map([...waiting, ...ended].map((erasure) => [erasure.id, erasure]));
    const rows = [...erasures.values()].toSorted((a, b) => (isBehind(b, positionOf(a)) ? -1 : 1));
    const page = rows.slice(0, limit + 1).map((item) => ({ item, position: positionOf(item) }));

    sendPage(res, pageOf(page, limit, cursors));
  });

  router.get("/v1/apps/:package_id/telemetry/erasures/:id", async (req, res) => {
    const grant = await authenticate(req, res, ["telemetry:erase"]);
    const appId = findApp(grant, req.params.package_id);
    const id = req.params.id.toLowerCase();
    const erasure = uuid.Check(id)
      ? ((await findErasure(storeOf(grant), appId, id)) ?? requested.find(appId, id))
      : null;
    if (!erasure) throw problem("not_found", "There is no such erasure.");
    res.json(erasure);
  });

  return router;
}

function positionOf({ requested_at, id }: Erasure): ErasurePosition {
  return [Date.parse(requested_at), id];
}

/** Sorts from new to old, and erasures of the same moment by id. */
function isBehind(erasure: Erasure, [atMs, id]: ErasurePosition): boolean {
  const [ownMs, ownId] = positionOf(erasure);
  return ownMs < atMs || (ownMs === atMs && ownId < id.toLowerCase());
}
