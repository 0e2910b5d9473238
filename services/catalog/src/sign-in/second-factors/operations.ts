import type { Operation } from "@mosis/http";
import { RecoveryCodes, SecondFactors } from "@mosis/types/second-factors";

export const secondFactorOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/developers/me/second-factors",
    id: "getSecondFactors",
    summary: "What you have enrolled beside a password or a provider",
    access: "session",
    answers: { 200: { description: "What there is.", body: SecondFactors } },
  },
  {
    method: "post",
    path: "/v1/developers/me/recovery-codes",
    id: "replaceRecoveryCodes",
    summary: "Get new recovery codes in the place of all others",
    access: "session",
    answers: {
      201: { description: "The codes, told once. Those from before work no more.", body: RecoveryCodes },
    },
    problems: ["confirmation_required", "state_conflict"],
  },
];
