import { createCursors, pageOf, parse, sendPage, createRouter } from "@mosis/http";
import { exactTime, type Queryable, transaction } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { Approval, Rejection, type Review, ReviewQuery } from "@mosis/types/reviews";
import type { Request, Response, Router } from "express";
import Type from "typebox";
import { type Authenticate, bodyOptionsOf } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { change, send } from "../../changes/change.ts";
import { isPackageId, isUuid, versionCodeOf } from "../../shared/identifier.ts";
import { ExactTime } from "../../shared/page-position.ts";
import { everyone } from "../../access/principal.ts";
import { missingVersion } from "../versions/version.ts";
import { missingReview, requireReviewer, reviewOf, tagOf } from "./actions.ts";
import { claim, decide, type Decision, release } from "./changes.ts";
import { withNameCheck } from "./name-check.ts";
import { findReview, listQueue, type QueuedRow } from "./queries.ts";
import { readVersionReview } from "./version-review.ts";

/**
 * Serves the actions of reviewers, and the page where developers see their review. Reviewers see the
 * submissions of everybody, as far as they have to judge them. A session is required, because only a
 * signed-in account has a role. Actions name the submission, not its version: a version that was withdrawn,
 * changed and submitted again is a new submission, which a reviewer who saw the first must not decide.
 */
export function reviewRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = createRouter();
  const cursors = createCursors("reviews", Type.Tuple([ExactTime, Uuid]));

  router.get("/v1/reviews", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const reviewerId = requireReviewer(call.principal);
    const { limit = 50, cursor, claimed, mine, package_id } = parse(ReviewQuery, req.query, "query");
    const rows = await listQueue(call.db.as(everyone), {
      limit,
      reviewerId,
      behind: cursor === undefined ? null : cursors.decode(cursor),
      claimed: claimed ?? null,
      mine: mine ?? null,
      packageId: package_id ?? null,
    });
    sendPage(
      res,
      pageOf(
        rows.map((row) => positioned(row, reviewerId)),
        limit,
        cursors,
      ),
    );
  });

  router.get("/v1/reviews/:id", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const reviewerId = requireReviewer(call.principal);
    const { id } = req.params;
    if (!isUuid(id)) throw missingReview();
    const review = await transaction(call.db.as(everyone), async (tx) => {
      const row = await findReview(tx, id);
      if (!row) throw missingReview();
      return reviewOf(await withNameCheck(tx, row), reviewerId);
    });
    res.set("ETag", tagOf(review)).json(review);
  });

  router.get("/v1/apps/:package_id/versions/:version_code/review", async (req, res) => {
    const call = await authenticate(req, res, "versions:read");
    const { package_id: packageId, version_code } = req.params;
    const code = versionCodeOf(version_code);
    if (!isPackageId(packageId) || code === null) throw missingVersion();
    res.json(await readVersionReview(call, { packageId, code }));
  });

  addActions(router, authenticate);
  return router;
}

function addActions(router: Router, authenticate: Authenticate): void {
  for (const [name, work] of Object.entries({ claim, release })) {
    router.post<Params>(`/v1/reviews/:id\\:${name}`, async (req, res) => {
      const call = await authenticate(req, res, "session");
      requireReviewer(call.principal);
      await act({ req, res, call }, (tx, id) => work(tx, call, id));
    });
  }

  router.post<Params>("/v1/reviews/:id\\:approve", async (req, res) => {
    const call = await authenticate(req, res, "session");
    requireReviewer(call.principal);
    const body = parse(Approval, await authenticate.body(req, bodyOptionsOf(Approval)), "body");
    const decision: Decision = { state: "approved", codes: [], notes: body.notes ?? null };
    await act({ req, res, call, body }, (tx, id) => decide(tx, call, id, decision));
  });

  router.post<Params>("/v1/reviews/:id\\:reject", async (req, res) => {
    const call = await authenticate(req, res, "session");
    requireReviewer(call.principal);
    const body = parse(Rejection, await authenticate.body(req), "body");
    await act({ req, res, call, body }, (tx, id) => decide(tx, call, id, { state: "rejected", ...body }));
  });
}

type Params = { id: string };

interface Acting {
  req: Request<Params>;
  res: Response;
  call: Call;
  body?: unknown;
}

/** Runs a reviewer's action on a submission, and answers with its new state. */
async function act(
  { req, res, call, body }: Acting,
  work: (tx: Queryable, id: string) => Promise<Review>,
): Promise<void> {
  const { id } = req.params;
  if (!isUuid(id)) throw missingReview();
  const answer = await change(call, { req, body, tenant: everyone }, async (tx) => {
    const review = await work(tx, id);
    return { status: 200, headers: { ETag: tagOf(review) }, body: review };
  });
  send(res, answer);
}

function positioned({ submitted_at_exact, ...row }: QueuedRow, reviewerId: string) {
  const position: [string, string] = [exactTime(submitted_at_exact), row.id];
  return { item: reviewOf(row, reviewerId), position };
}
