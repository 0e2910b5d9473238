import type { Operation } from "@mosis/http";
import { Developer, DeveloperChange, Me, NewDeveloper } from "@mosis/types/developers";

const headers = { ETag: "Send it as If-Match with a change." };

export const developerOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/developers",
    id: "createDeveloper",
    summary: "Register; a mail asks you to confirm the address",
    access: "public",
    body: NewDeveloper,
    answers: {
      201: {
        description: "The new developer.",
        body: Developer,
        headers: { ...headers, Location: "The path of the new resource." },
      },
    },
    problems: ["email_taken", "rate_limited"],
  },
  {
    method: "get",
    path: "/v1/developers/me",
    id: "getMe",
    summary: "Read the developer that sends the request",
    access: "developer",
    description:
      "A key without `account:read`, or for listed apps, gets only `id` and `created_at`: no personal data.",
    answers: { 200: { description: "Get the developer who sends the request.", body: Me, headers } },
    problems: ["permission_missing"],
  },
  {
    method: "patch",
    path: "/v1/developers/me",
    id: "changeMe",
    summary: "Change your name",
    access: "session",
    requestHeaders: { "If-Match": "The ETag of the developer that you have read, or `*`." },
    body: DeveloperChange,
    answers: { 200: { description: "The developer as it is now.", body: Developer, headers } },
    problems: ["permission_missing", "precondition_failed", "precondition_required"],
  },
];
