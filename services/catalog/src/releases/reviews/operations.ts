import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { Uuid } from "@mosis/types/formats";
import { Page } from "@mosis/types/pages";
import { Approval, Rejection, Review, ReviewQuery, VersionReview } from "@mosis/types/reviews";
import { VersionCode } from "@mosis/types/versions";

const params = { id: Uuid };
const headers = { ETag: "Send it as If-Match with `:approve` and `:reject`." };
const requestHeaders = { "If-Match": "The ETag of the review that you have read, or `*`." };

export const reviewOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/reviews",
    id: "listReviews",
    summary: "List the submissions that wait, oldest first, without your own apps",
    access: "reviewer",
    query: ReviewQuery,
    answers: { 200: { description: "One page.", body: Page(Review) } },
    problems: ["cursor_invalid"],
  },
  {
    method: "get",
    path: "/v1/reviews/{id}",
    id: "getReview",
    summary: "Get one submission, waiting or ended",
    access: "reviewer",
    params,
    answers: { 200: { description: "The review.", body: Review, headers } },
    problems: ["not_found"],
  },
  ...(["claim", "release"] as const).map((action): Operation => ({
    method: "post",
    path: `/v1/reviews/{id}:${action}`,
    id: `${action}Review`,
    summary:
      action === "claim"
        ? "Claim a submission for four hours to decide it; claiming it again extends the time to four hours"
        : "Give a submission back to the queue",
    access: "reviewer",
    params,
    answers: { 200: { description: "The review as it is now.", body: Review, headers } },
    problems: ["not_found", "state_conflict"],
  })),
  ...(["approve", "reject"] as const).map((action): Operation => ({
    method: "post",
    path: `/v1/reviews/{id}:${action}`,
    id: `${action}Review`,
    summary:
      action === "approve"
        ? "Approve a submission that you have claimed: its developer may publish the version"
        : "Reject a submission that you have claimed, with codes and notes for its developer",
    access: "reviewer",
    params,
    requestHeaders,
    body: action === "approve" ? Approval : Rejection,
    answers: { 200: { description: "The review after the decision.", body: Review, headers } },
    problems: [
      ...(["not_found", "state_conflict"] as const),
      ...(["precondition_failed", "precondition_required"] as const),
    ],
  })),
  {
    method: "get",
    path: "/v1/apps/{package_id}/versions/{version_code}/review",
    id: "getVersionReview",
    summary: "Get the state of a version's last submission, what it waits for, and what to fix",
    access: "versions:read",
    params: { package_id: PackageId, version_code: VersionCode },
    answers: { 200: { description: "The review, as the developer sees it.", body: VersionReview } },
    problems: ["not_found"],
  },
];
