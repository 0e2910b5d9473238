import type { Response } from "supertest";
import { claimNext, faults, queue, type startReviews } from "./reviewing.ts";

/** Has every operation of reviews answer, and refuse. */
export async function checkReviews(
  { reviewer, developer, submit }: Awaited<ReturnType<typeof startReviews>>,
  check: (id: string, answer: Response) => void,
): Promise<void> {
  const [rev, cyd] = [await reviewer("rev"), await developer("cyd", "org.mosis.reviewed")];
  const path = (code: number) => `/v1/apps/org.mosis.reviewed/versions/${code}/review`;
  const any = ["If-Match", "*"] as const;
  check("getVersionReview", await cyd.get(path(1)));
  await submit(cyd, 1);
  check("getVersionReview", await cyd.get(path(1)));
  check("listReviews", await rev.get(queue));
  check("listReviews", await cyd.get(queue));
  const { id } = await claimNext(rev);
  check("getReview", await rev.get(`${queue}/${id}`));
  check("claimReview", await rev.post(`${queue}/${id}:claim`));
  check("releaseReview", await rev.post(`${queue}/${id}:release`));
  check("releaseReview", await rev.post(`${queue}/${id}:release`));
  check("rejectReview", await rev.post(`${queue}/${id}:reject`, faults).set(...any));
  check("claimReview", await rev.post(`${queue}/${id}:claim`));
  check("rejectReview", await rev.post(`${queue}/${id}:reject`, faults).set(...any));
  check("getVersionReview", await cyd.get(path(1)));
  await submit(cyd, 2);
  const next = await claimNext(rev);
  check("approveReview", await rev.post(`${queue}/${next.id}:approve`, {}));
  check("approveReview", await rev.post(`${queue}/${next.id}:approve`, {}).set(...any));
  check("getVersionReview", await cyd.get(path(2)));
  check("claimReview", await rev.post(`${queue}/${next.id}:claim`));
}
