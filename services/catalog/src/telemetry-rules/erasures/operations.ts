import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { Erasure, NewErasure } from "@mosis/types/erasures";

export const erasureOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/apps/{package_id}/erasures",
    id: "requestErasure",
    summary: "Erase everything stored about an install of an app",
    access: "telemetry:erase",
    params: { package_id: PackageId },
    body: NewErasure,
    answers: {
      202: {
        description: "The requested erasure.",
        body: Erasure,
        headers: { Location: "Path of the erasure in telemetry query, which has it within five seconds." },
      },
    },
    problems: ["confirmation_required", "not_found", "quota_exceeded"],
  },
];
