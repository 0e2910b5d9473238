import type { Operation } from "@mosis/http";
import { AccountDeletion } from "@mosis/types/developers";

export const accountDeletionOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/developers/me:delete",
    id: "deleteAccount",
    summary: "Delete your account with its apps and keys; published apps are suspended first",
    access: "session",
    body: AccountDeletion,
    answers: {
      204: {
        description: "The account is gone. Package ids of what it had published are never given out again.",
      },
    },
    problems: ["permission_missing", "confirmation_required", "state_conflict", "rate_limited"],
  },
];
