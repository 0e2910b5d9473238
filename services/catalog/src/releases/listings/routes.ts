import { createCursors, createRouter, pageOf, parse, sendPage } from "@mosis/http";
import { exactTime, transaction } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { PageQuery } from "@mosis/types/pages";
import { Approval, Rejection } from "@mosis/types/reviews";
import type { Router } from "express";
import Type, { type TSchema } from "typebox";
import { type Authenticate, bodyOptionsOf } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { isPackageId, isUuid } from "../../shared/identifier.ts";
import { ExactTime } from "../../shared/page-position.ts";
import { everyone, reachOf } from "../../access/principal.ts";
import { requireReviewer } from "../reviews/actions.ts";
import type { Decision } from "../reviews/changes.ts";
import { decideListing, readListing } from "./changes.ts";
import { listingOf, missingListing, ownListingOf, tagOf } from "./listing.ts";
import { findLastListing, listQueue } from "./queries.ts";

interface Deps {
  authenticate: Authenticate;
}

type Params = { id: string };

/** Serves the names and categories of approved apps, which reviewers decide over and developers see. */
export function listingRoutes(deps: Deps): Router {
  const router = createRouter();
  serveReads(router, deps);
  serveDecisions(router, deps);
  return router;
}

function serveReads(router: Router, { authenticate }: Deps): void {
  const cursors = createCursors("listings", Type.Tuple([ExactTime, Uuid]));

  router.get("/v1/listings", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const reviewerId = requireReviewer(call.principal);
    const { limit = 50, cursor } = parse(PageQuery, req.query, "query");
    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const rows = await listQueue(call.db.as(everyone), { limit, behind, reviewerId });
    const items = rows.map(({ submitted_at_exact, ...row }) => ({
      item: listingOf(row, reviewerId),
      position: [exactTime(submitted_at_exact), row.id] as [string, string],
    }));
    sendPage(res, pageOf(items, limit, cursors));
  });

  router.get<Params>("/v1/listings/:id", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const reviewerId = requireReviewer(call.principal);
    const { id } = req.params;
    if (!isUuid(id)) throw missingListing();
    // It is one transaction because the similarity threshold for names is a setting of the transaction.
    const listing = await transaction(call.db.as(everyone), (tx) => readListing(tx, id, reviewerId));
    res.set("ETag", tagOf(listing)).json(listing);
  });

  router.get<{ package_id: string }>("/v1/apps/:package_id/listing", async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const { package_id: packageId } = req.params;
    const row = isPackageId(packageId)
      ? await findLastListing(call.db, reachOf(call.principal), packageId)
      : null;
    if (!row) throw missingListing();
    res.json(ownListingOf(row));
  });
}

function serveDecisions(router: Router, { authenticate }: Deps): void {
  const serve = (action: "approve" | "reject", schema: TSchema, read: (body: unknown) => Decision) =>
    router.post<Params>(`/v1/listings/:id\\:${action}`, async (req, res) => {
      const call = await authenticate(req, res, "session");
      requireReviewer(call.principal);
      const body = await authenticate.body(req, bodyOptionsOf(schema));
      const decision = read(body);
      const { id } = req.params;
      if (!isUuid(id)) throw missingListing();

      const answer = await change(call, { req, body, tenant: everyone }, async (tx) => {
        const listing = await decideListing(tx, call, id, decision);
        return { status: 200, headers: { ETag: tagOf(listing) }, body: listing };
      });

      send(res, answer);
    });

  serve("approve", Approval, (body) => {
    const { notes = null } = parse(Approval, body, "body");
    return { state: "approved", codes: [], notes };
  });
  serve("reject", Rejection, (body) => ({ state: "rejected", ...parse(Rejection, body, "body") }));
}
