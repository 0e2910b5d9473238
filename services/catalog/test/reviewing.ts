import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import type { TestContext } from "node:test";
import { execute, sql } from "@mosis/postgres";
import type { Review, VersionReview } from "@mosis/types/reviews";
import type { Response } from "supertest";
import { hashSecret } from "../src/shared/secret-hash.ts";
import { newSessionToken } from "../src/access/session-token.ts";
import { newVersion, register } from "./signing.ts";
import { promote } from "./promote.ts";
import { assertProblem, type Caller, startCatalog } from "./support.ts";

export type Person = Caller & { id: string; email: string };
export interface Developer extends Person {
  packageId: string;
  signingKey: { id: string; privateKey: KeyObject; fingerprint: string };
}

/** A catalog with reviewers, and with developers who have an app and a signing key each. */
export async function startReviews(t: TestContext) {
  const catalog = await startCatalog(t);
  const { as, db } = catalog;

  const reviewer = async (name: string, role: "reviewer" | "admin" = "reviewer"): Promise<Person> => {
    const person = await as(name);
    await promote(db, { role, email: person.email });
    return person;
  };

  /** As many as there are asked for, at once: signing up costs a hash each. */
  const reviewers = async (count: number): Promise<Caller[]> => {
    const tokens = Array.from({ length: count }, newSessionToken);
    await execute(
      db,
      sql`
        with person as (
          insert into developers (email, name, role)
          select hash || '@mosis.test', 'r', 'reviewer' from unnest(${tokens.map(hashSecret)}::text[]) hash
          returning id, email)
        insert into sessions (id, developer_id, token_hash, second_factor, expires_at)
        select gen_random_uuid(), id, split_part(email, '@', 1), 'totp', now() + interval '1 hour'
        from person`,
    );
    return tokens.map((token) => catalog.withBearer(token));
  };

  const developer = async (name: string, packageId: string, appName = packageId): Promise<Developer> =>
    withApp(await as(name), packageId, appName);

  const withApp = async (person: Person, packageId: string, appName: string): Promise<Developer> => {
    const signingKey = await register(person);
    await person.post("/v1/apps", { package_id: packageId, name: appName }).expect(201);
    return { ...person, packageId, signingKey };
  };

  const submit = async (...asked: Parameters<typeof submitVersion>) => {
    const answer = await submitVersion(...asked);
    assert.equal(answer.status, 200, answer.text);
  };

  return { ...catalog, reviewer, reviewers, developer, withApp, submit };
}

/** Submits a version of a developer's app, which is made when it is not there. */
export async function submitVersion(
  developer: Developer,
  code: number,
  asked: { permissions?: string[] } = {},
): Promise<Response> {
  const path = `/v1/apps/${developer.packageId}/versions`;
  const created = await developer.post(path, newVersion(code, developer.signingKey, asked));
  if (created.status !== 201) assertProblem(created, "version_code_taken");
  return developer.post(`${path}/${code}:submit`).set("If-Match", "*");
}

/** The last submission of a version, as its developer sees it. */
export async function reviewOf(developer: Developer, code: number): Promise<VersionReview> {
  const path = `/v1/apps/${developer.packageId}/versions/${code}/review`;
  return (await developer.get(path).expect(200)).body as VersionReview;
}

export const queue = "/v1/reviews";
export const faults = {
  codes: ["app_broken", "permissions_excessive"],
  notes: "It ends when it starts.\nIt asks for sms_read.",
};

export const waiting = async (reviewer: Caller, query = "") => {
  const { body } = await reviewer.get(`${queue}${query}`).expect(200);
  return (body as { data: Review[] }).data;
};

export async function claimNext(reviewer: Caller): Promise<{ id: string; etag: string }> {
  const [next] = await waiting(reviewer, "?claimed=false");
  assert.ok(next);
  const { headers } = await reviewer.post(`${queue}/${next.id}:claim`).expect(200);
  return { id: next.id, etag: headers["etag"] as string };
}
