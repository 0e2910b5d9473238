import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { TelemetryLimits, TelemetryLimitsChange } from "@mosis/types/telemetry-limits";

const path = "/v1/apps/{package_id}/telemetry-limits";
const params = { package_id: PackageId };
const headers = { ETag: "Send it as If-Match with a change." };

export const telemetryLimitOperations: Operation[] = [
  {
    method: "get",
    path,
    id: "getTelemetryLimits",
    summary: "Read the number of events that an app may send",
    access: "apps:read",
    params,
    answers: { 200: { description: "The limits.", body: TelemetryLimits, headers } },
    problems: ["not_found"],
  },
  {
    method: "patch",
    path,
    id: "changeTelemetryLimits",
    summary: "Lower the limits of an app; an admin may raise them beyond the defaults",
    access: "apps:write",
    params,
    requestHeaders: { "If-Match": "The ETag of the limits that you have read, or `*`." },
    body: TelemetryLimitsChange,
    answers: { 200: { description: "The limits as they are now.", body: TelemetryLimits, headers } },
    problems: ["not_found", "precondition_failed", "precondition_required"],
  },
];
