import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Version } from "@mosis/types/versions";
import { queue, startReviews, waiting } from "./reviewing.ts";
import type { newVersion } from "./signing.ts";
import type { Caller } from "./support.ts";

export const versionsOf = (packageId: string) => `/v1/apps/${packageId}/versions`;

/** An action with the version as it is now, whoever else is at it. */
export async function act(caller: Caller, path: string, action: string, body?: object): Promise<Version> {
  const answer = await caller.post(`${path}:${action}`, body).set("If-Match", "*").expect(200);
  return answer.body as Version;
}

/** A version that the reviewer has approved. */
export async function approved(
  { caller, reviewer }: { caller: Caller; reviewer: Caller },
  packageId: string,
  version: ReturnType<typeof newVersion>,
): Promise<string> {
  const list = versionsOf(packageId);
  await caller.post(list, version).expect(201);
  const path = `${list}/${version.version_code}`;
  await act(caller, path, "submit");
  await approve(reviewer, packageId);
  return path;
}

/** The version of an app that waits for review is approved. */
export async function approve(reviewer: Caller, packageId: string): Promise<void> {
  const [review] = await waiting(reviewer, `?package_id=${packageId}`);
  assert.ok(review, "a version waits for review");
  await reviewer.post(`${queue}/${review.id}:claim`).expect(200);
  await reviewer.post(`${queue}/${review.id}:approve`, {}).set("If-Match", "*").expect(200);
}

/** A developer with an app and a signing key, and a reviewer. */
export async function startReleasing(t: TestContext) {
  const catalog = await startReviews(t);
  const ada = await catalog.developer("ada", "org.mosis.go", "Go");
  return { ...catalog, ada, key: ada.signingKey, rita: await catalog.reviewer("rita") };
}
