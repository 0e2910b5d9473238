import type { Operation } from "@mosis/http";
import { SearchPage, SearchQuery } from "@mosis/types/search";

export const searchOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/search/apps",
    id: "searchApps",
    summary: "Search published apps by name, package id, tag, text or category; the best 1000, best first",
    access: "public",
    query: SearchQuery,
    answers: { 200: { description: "One page.", body: SearchPage } },
    problems: ["cursor_invalid", "rate_limited"],
  },
];
