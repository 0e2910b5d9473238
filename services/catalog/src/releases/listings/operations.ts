import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { Uuid } from "@mosis/types/formats";
import { AppListing, Listing } from "@mosis/types/listings";
import { Page, PageQuery } from "@mosis/types/pages";
import { Approval, Rejection } from "@mosis/types/reviews";

const params = { id: Uuid };
const headers = { ETag: "Send it as If-Match with `:approve` and `:reject`." };
const requestHeaders = { "If-Match": "The ETag of the listing that you have read, or `*`." };

export const listingOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/listings",
    id: "listListings",
    summary: "List the waiting names and categories of approved apps, oldest first, without your own apps",
    access: "reviewer",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Listing) } },
    problems: ["cursor_invalid"],
  },
  {
    method: "get",
    path: "/v1/listings/{id}",
    id: "getListing",
    summary: "Get one proposed listing, waiting or ended",
    access: "reviewer",
    params,
    answers: { 200: { description: "The listing.", body: Listing, headers } },
    problems: ["not_found"],
  },
  ...(["approve", "reject"] as const).map((action): Operation => ({
    method: "post",
    path: `/v1/listings/{id}:${action}`,
    id: `${action}Listing`,
    summary:
      action === "approve"
        ? "Approve a proposed listing: the app gets its name and category"
        : "Reject a proposed listing, with codes and notes for its developer",
    access: "reviewer",
    params,
    requestHeaders,
    body: action === "approve" ? Approval : Rejection,
    answers: { 200: { description: "The listing after the decision.", body: Listing, headers } },
    problems: [
      ...(["not_found", "state_conflict"] as const),
      ...(["precondition_failed", "precondition_required"] as const),
    ],
  })),
  {
    method: "get",
    path: "/v1/apps/{package_id}/listing",
    id: "getAppListing",
    summary: "Get the state of your last proposed name and category for an approved app, and what to fix",
    access: "apps:read",
    params: { package_id: PackageId },
    answers: { 200: { description: "The listing, as the developer sees it.", body: AppListing } },
    problems: ["not_found"],
  },
];
