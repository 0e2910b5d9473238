import type { Operation } from "@mosis/http";
import { AccountDeletion } from "@mosis/types/developers";

export const accountDeletionOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/developers/me:delete",
    id: "deleteAccount",
    summary: "Delete your account with its apps and keys; suspend published apps first",
    access: "session",
    body: AccountDeletion,
    answers: {
      204: {
        description: "The account was deleted. The package ids of its published apps are never reused.",
      },
    },
    problems: ["permission_missing", "confirmation_required", "state_conflict", "rate_limited"],
  },
];
