import assert from "node:assert/strict";
import { createHash, type KeyObject } from "node:crypto";
import type { TestContext } from "node:test";
import { execute, many, one, type Pool, sql, transaction } from "@mosis/postgres";
import type { Review, VersionReview } from "@mosis/types/reviews";
import Type from "typebox";
import { grantRole } from "../src/admin/grant-role.ts";
import { closeReview, openReview } from "../src/reviews/submission.ts";
import { hashSecret } from "../src/secret-hash.ts";
import { newSessionToken } from "../src/sessions/token.ts";
import { register, signWith } from "./signing.ts";
import { type Caller, startCatalog } from "./support.ts";

export type Person = Caller & { id: string; email: string };
export interface Developer extends Person {
  packageId: string;
  signingKey: { id: string; privateKey: KeyObject; fingerprint: string };
}

/** A catalog with reviewers, and with developers who have an app and a signing key each. */
export async function startReviews(t: TestContext) {
  const catalog = await startCatalog(t);
  const { as, db, apiDb } = catalog;

  const reviewer = async (name: string, role: "reviewer" | "admin" = "reviewer"): Promise<Person> => {
    const person = await as(name);
    await grantRole(db, { role, email: person.email });
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
        insert into sessions (id, developer_id, token_hash, expires_at)
        select gen_random_uuid(), id, split_part(email, '@', 1), now() + interval '1 hour' from person`,
    );
    return tokens.map((token) => catalog.withBearer(token));
  };

  const developer = async (name: string, packageId: string, appName = packageId): Promise<Developer> => {
    const person = await as(name);
    const signingKey = await register(person);
    await person.post("/v1/apps", { package_id: packageId, name: appName }).expect(201);
    return { ...person, packageId, signingKey };
  };

  const submit = (from: Developer, code: number, asked: { permissions?: string[] } = {}) =>
    submitVersion(apiDb, from, code, asked);

  return { ...catalog, reviewer, reviewers, developer, submit };
}

/** Submits a version of a developer's app. */
async function submitVersion(
  apiDb: Pool,
  { id, packageId, signingKey }: Developer,
  code: number,
  { permissions = [] }: { permissions?: string[] } = {},
) {
  const digest = createHash("sha256").update(`${packageId} ${code}`).digest();
  return transaction(apiDb.as(id), async (tx) => {
    const app = await one(
      tx,
      Type.Object({ id: Type.String() }),
      sql`select id from apps where package_id = ${packageId} for no key update`,
    );
    const waiting = await many(
      tx,
      Type.Object({ id: Type.String() }),
      sql`
      update app_versions set status = 'draft' where app_id = ${app.id} and status = 'review'
      returning id`,
    );
    if (waiting.length > 0) await closeReview(tx, app.id, "superseded");
    const version = await one(
      tx,
      Type.Object({ id: Type.String() }),
      sql`
        insert into app_versions (app_id, developer_id, version_code, version_name, package_url,
                                  package_size, package_digest, signature, signing_key_id, permissions, status,
                                  submitted_at)
        values (${app.id}, ${id}, ${code}, ${String(code)}, 'https://mosis.test/app.pkg', 1,
                ${digest.toString("hex")}, ${signWith(signingKey.privateKey, digest)}, ${signingKey.id},
                ${JSON.stringify(permissions)}::jsonb, 'review', now())
        on conflict (app_id, version_code) do update set status = 'review', submitted_at = now()
        returning id`,
    );
    await openReview(tx, version.id);
  });
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
