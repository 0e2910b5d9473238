import type { ReviewState, Waiting } from "@mosis/types/reviews";
import type { VersionStatus } from "@mosis/types/versions";
import type { Refusal } from "../../shared/refusal.ts";

/** The state of a version and of its last submission. */
export interface Standing {
  status: VersionStatus;
  state: ReviewState;
  /** The end of a reviewer's claim; null when nobody has claimed it. */
  claimed_until: string | null;
  /** The place in the queue; null unless it waits. */
  position: number | null;
  /** The reason why it could not be published even if it were approved. */
  refusal: Refusal | null;
}

/** Returns who has to act next, and what they have to do. Every version that waits gets a reason. */
export function waitsFor(standing: Standing): Waiting {
  const { status, state, refusal } = standing;
  switch (status) {
    case "review":
      return refusal ? developer(withdraw(refusal)) : reviewer(queued(standing));
    case "approved":
      return developer(refusal ? withdraw(refusal) : "It is approved: publish it with :publish.");
    case "rejected":
      return developer("It was rejected: fix what faults and notes report, change it, and submit it again.");
    case "draft":
      return developer(drafts[state]);
    default:
      return { for: "nobody", message: "It was approved, and is published." };
  }
}

function queued({ claimed_until: until, position }: Standing): string {
  if (until !== null) return `A reviewer has claimed it until ${until}, and decides it or gives it back.`;
  return `A reviewer has to claim it. Its place in the queue is ${position ?? "unknown"}.`;
}

function withdraw({ message, fix }: Refusal): string {
  return `It ${message}, so it cannot be published. Withdraw it. ${fix}`;
}

const again = "Submit it again with :submit when it is ready.";
/** The reason why a submission became a draft again. */
const drafts: Record<ReviewState, string> = {
  waiting: again,
  approved: `It was withdrawn after it was approved. ${again}`,
  rejected: `It was changed after it was rejected. ${again}`,
  withdrawn: `It was withdrawn. ${again}`,
  superseded: "A newer version was submitted and took its place. Nothing has to be done.",
};

function developer(message: string): Waiting {
  return { for: "developer", message };
}

function reviewer(message: string): Waiting {
  return { for: "reviewer", message };
}
