import { etagOf, isKnown, parse, type Problem, problem, type RateLimits, createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { shareOf } from "@mosis/types/sampling";
import { DeviceQuery, type DeviceVersion } from "@mosis/types/store";
import type { Router } from "express";
import { gathered } from "./batched-lookup.ts";
import { isPackageId } from "../shared/identifier.ts";
import { findAnswers, findStates, findVersionForDevice, type Rollout } from "./queries.ts";

/** The time for which caches may keep an answer, in which they may still show a yanked version. */
const maxAgeSeconds = 60;
/** Increase this when the form of an answer changes for the same state, so that clients read it again. */
const answerForm = 1;

export function storeRoutes({ db, limits }: { db: Pool; limits: RateLimits }): Router {
  const router = createRouter();
  const findState = gathered((ids) => findStates(db, ids));
  const findAnswer = gathered((ids) => findAnswers(db, ids));

  router.get("/v1/store/apps/:package_id", async (req, res) => {
    limits.admitAnyone(req, res);
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missing();
    res.set("Cache-Control", `public, max-age=${maxAgeSeconds}`);
    if (req.headers["if-none-match"] !== undefined) {
      const state = await findState(id);
      if (!state) throw missing();
      const etag = tagOf(state.state_hash);
      if (isKnown(req, etag)) {
        res.set("ETag", etag).status(304).end();
        return;
      }
    }

    const found = await findAnswer(id);
    if (!found) throw missing();
    res.set("ETag", tagOf(found.state_hash)).type("json").send(found.answer);
  });

  router.get("/v1/store/apps/:package_id/latest", async (req, res) => {
    limits.admitAnyone(req, res);
    const { mosis_version: mosisVersion, install_id: installId } = parse(DeviceQuery, req.query, "query");
    const id = req.params.package_id;
    const state = isPackageId(id) ? await findState(id) : null;
    if (!state) throw missing();
    // The version that a device gets depends only on these.
    const etag = etagOf(tagOf(state.state_hash, mosisVersion, installId?.toLowerCase() ?? ""));
    res.set("ETag", etag).set("Cache-Control", `private, max-age=${maxAgeSeconds}`);
    if (isKnown(req, etag)) {
      res.status(304).end();
      return;
    }

    const rollout = rolloutFor(installId, state.rollout_version_id);
    const version = await findVersionForDevice(db, { appId: state.app_id, mosisVersion, rollout });
    res.json({ package_id: id, version } satisfies DeviceVersion);
  });

  return router;
}

/**
 * Returns the install's place among all installs, computed from a hash of install and version. An install
 * keeps its version while the percent grows, and is not among the first in every rollout.
 */
function rolloutFor(installId: string | undefined, versionId: string | null): Rollout | null {
  if (installId === undefined || versionId === null) return null;
  return { versionId, percent: Math.floor(100 * shareOf(installId + versionId)) };
}

function tagOf(...parts: string[]): string {
  return `"${[answerForm, ...parts].join("-")}"`;
}

function missing(): Problem {
  return problem("not_found", "There is no such app in the store.");
}
