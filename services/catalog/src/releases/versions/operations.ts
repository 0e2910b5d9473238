import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { Page, PageQuery } from "@mosis/types/pages";
import type { ProblemCode } from "@mosis/types/problems";
import {
  NewVersion,
  PermissionDiff,
  PermissionDiffQuery,
  Version,
  VersionChange,
  VersionCode,
} from "@mosis/types/versions";
import { developerActions } from "./actions.ts";

const list = "/v1/apps/{package_id}/versions";
const path = `${list}/{version_code}`;
const params = { package_id: PackageId, version_code: VersionCode };
const headers = { ETag: "Send it as If-Match with a change or an action." };
const requestHeaders = { "If-Match": "The ETag of the version that you have read, or `*`." };
const changeProblems: ProblemCode[] = [
  ...(["not_found", "precondition_failed", "precondition_required", "state_conflict"] as const),
];
const signatureProblems: ProblemCode[] = ["reference_unknown", "signature_invalid"];

export const versionOperations: Operation[] = [
  {
    method: "post",
    path: list,
    id: "createVersion",
    summary: "Create a draft of a version from the package at a URL",
    access: "versions:write",
    params: { package_id: PackageId },
    body: NewVersion,
    answers: {
      201: {
        description: "The draft.",
        body: Version,
        headers: { ...headers, Location: "The path of the new resource." },
      },
    },
    problems: ["not_found", "version_code_taken", "state_conflict", ...signatureProblems],
  },
  {
    method: "get",
    path: list,
    id: "listVersions",
    summary: "List the versions of an app, from the greatest code to the smallest",
    access: "versions:read",
    params: { package_id: PackageId },
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Version) } },
    problems: ["not_found", "cursor_invalid"],
  },
  {
    method: "get",
    path,
    id: "getVersion",
    summary: "Get one version of an app",
    access: "versions:read",
    params,
    answers: { 200: { description: "The version.", body: Version, headers } },
    problems: ["not_found"],
  },
  {
    method: "patch",
    path,
    id: "changeVersion",
    summary: "Change a draft, or a rejected version, which becomes a draft again",
    access: "versions:write",
    params,
    requestHeaders,
    body: VersionChange,
    answers: { 200: { description: "The version as it is now.", body: Version, headers } },
    problems: [...changeProblems, ...signatureProblems],
  },
  {
    method: "delete",
    path,
    id: "deleteVersion",
    summary: "Delete a draft",
    access: "versions:write",
    params,
    requestHeaders,
    answers: { 204: { description: "The draft was deleted." } },
    problems: changeProblems,
  },
  {
    method: "get",
    path: `${path}/permission-diff`,
    id: "getPermissionDiff",
    summary:
      "Compare a version's permissions with those of another version, by default the published one before it",
    access: "versions:read",
    params,
    query: PermissionDiffQuery,
    answers: { 200: { description: "Permissions added and removed.", body: PermissionDiff } },
    problems: ["not_found"],
  },
  ...developerActions.map(({ name, summary, body }): Operation => ({
    method: "post",
    path: `${path}:${name}`,
    id: `${name}Version`,
    summary,
    access: "versions:write",
    params,
    requestHeaders,
    ...(body ? { body } : {}),
    answers: { 200: { description: "The version as it is now.", body: Version, headers } },
    problems: [
      ...changeProblems,
      ...(name === "submit" || name === "publish" ? (["email_unverified"] as const) : []),
      ...(name === "submit" ? [...signatureProblems, "quota_exceeded" as const] : []),
    ],
  })),
];
