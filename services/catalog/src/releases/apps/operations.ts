import type { Operation } from "@mosis/http";
import type { ProblemCode } from "@mosis/types/problems";
import { App, AppChange, AppSummary, NewApp, PackageId } from "@mosis/types/apps";
import { Page, PageQuery } from "@mosis/types/pages";
import { appActions } from "./actions.ts";

const path = "/v1/apps/{package_id}";
const params = { package_id: PackageId };
const headers = { ETag: "Send it as If-Match with a change or an action." };
const requestHeaders = { "If-Match": "The ETag of the app that you have read, or `*`." };
const changeProblems: ProblemCode[] = ["not_found", "precondition_failed", "precondition_required"];
const refusals: Partial<Record<string, ProblemCode[]>> = {
  publish: ["email_unverified"],
  "rotate-signing-key": ["reference_unknown"],
};

export const appOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/apps",
    id: "createApp",
    summary: "Create an app",
    access: "apps:write",
    body: NewApp,
    answers: {
      201: {
        description: "The new app.",
        body: App,
        headers: { ...headers, Location: "The path of the new resource." },
      },
    },
    problems: ["package_id_taken", "email_unverified", "limit_reached"],
  },
  {
    method: "get",
    path: "/v1/apps",
    id: "listApps",
    summary: "List your apps, newest first",
    access: "apps:read",
    query: PageQuery,
    answers: { 200: { description: "One page, without descriptions.", body: Page(AppSummary) } },
    problems: ["cursor_invalid"],
  },
  {
    method: "get",
    path,
    id: "getApp",
    summary: "Get one of your apps, with its latest version and the one in rollout",
    access: "apps:read",
    params,
    answers: { 200: { description: "The app.", body: App, headers } },
    problems: ["not_found"],
  },
  {
    method: "patch",
    path,
    id: "changeApp",
    summary:
      "Change an app's store listing; the name and category of an approved app wait for a reviewer first",
    access: "apps:write",
    params,
    requestHeaders,
    body: AppChange,
    answers: { 200: { description: "The app as it is now.", body: App, headers } },
    problems: [...changeProblems, "quota_exceeded"],
  },
  {
    method: "delete",
    path,
    id: "deleteApp",
    summary:
      "Delete an unpublished app and its versions for good; a package id that was published is never reused",
    access: "apps:write",
    params,
    requestHeaders,
    answers: { 204: { description: "The app was deleted." } },
    problems: [...changeProblems, "confirmation_required", "state_conflict"],
  },
  ...appActions.map(({ name, id, summary, access, body }): Operation => ({
    method: "post",
    path: `${path}:${name}`,
    id,
    summary,
    access,
    params,
    requestHeaders,
    ...(body ? { body } : {}),
    answers: { 200: { description: "The app as it is now.", body: App, headers } },
    problems: [
      ...changeProblems,
      ...(["permission_missing", "state_conflict"] as const),
      ...(access === "session" ? (["confirmation_required"] as const) : []),
      ...(refusals[name] ?? []),
    ],
  })),
];
