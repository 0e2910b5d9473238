import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { Retention, RetentionChange } from "@mosis/types/retention";

const path = "/v1/apps/{package_id}/retention";
const params = { package_id: PackageId };
const headers = { ETag: "Send it as If-Match with a change." };

export const retentionOperations: Operation[] = [
  {
    method: "get",
    path,
    id: "getRetention",
    summary: "Read the time for which events of an app are kept",
    access: "apps:read",
    params,
    answers: { 200: { description: "The retention.", body: Retention, headers } },
    problems: ["not_found"],
  },
  {
    method: "patch",
    path,
    id: "changeRetention",
    summary: "Change how long events of an app are kept; older ones are hidden at once and then deleted",
    access: "apps:write",
    params,
    requestHeaders: { "If-Match": "The ETag of the retention that you have read, or `*`." },
    body: RetentionChange,
    answers: { 200: { description: "The retention as it is now.", body: Retention, headers } },
    problems: ["confirmation_required", "not_found", "precondition_failed", "precondition_required"],
  },
];
