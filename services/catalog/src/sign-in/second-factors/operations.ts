import type { Operation } from "@mosis/http";
import { RecoveryCodes, SecondFactors } from "@mosis/types/second-factors";

export const secondFactorOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/developers/me/second-factors",
    id: "getSecondFactors",
    summary: "Get your second factors",
    access: "session",
    answers: { 200: { description: "The enrolled factors.", body: SecondFactors } },
  },
  {
    method: "post",
    path: "/v1/developers/me/recovery-codes",
    id: "replaceRecoveryCodes",
    summary: "Get new recovery codes, which replace all others",
    access: "session",
    answers: {
      201: {
        description: "The codes, shown only once. The previous codes no longer work.",
        body: RecoveryCodes,
      },
    },
    problems: ["confirmation_required", "state_conflict"],
  },
];
