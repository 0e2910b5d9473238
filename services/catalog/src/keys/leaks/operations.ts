import type { Operation } from "@mosis/http";
import { LeakReport, LeakReportReceived } from "@mosis/types/key-leaks";

export const keyLeakOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/keys:report-leak",
    id: "reportLeakedKeys",
    summary: "Report secrets of keys that were found in public, as scanners of repositories do",
    access: "public",
    body: LeakReport,
    answers: {
      202: {
        description: "Received. The answer does not show whether a secret is one of ours.",
        body: LeakReportReceived,
      },
    },
  },
];
