import type { Operation } from "@mosis/http";
import { SearchPage, SearchQuery } from "@mosis/types/search";

export const searchOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/search/apps",
    id: "searchApps",
    summary: "Published apps by name, package id, tag, description or category; the best first, up to 1000",
    access: "public",
    query: SearchQuery,
    answers: { 200: { description: "One page.", body: SearchPage } },
    problems: ["cursor_invalid", "rate_limited"],
  },
];
