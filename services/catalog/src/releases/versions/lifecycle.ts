import { problem } from "@mosis/http";
import {
  type Availability,
  VersionAction,
  type VersionState,
  type VersionStatus,
} from "@mosis/types/versions";
import type { Viewer } from "../../access/principal.ts";
import { type Refusal, stateConflict } from "../../shared/refusal.ts";
import { wayOut } from "./remedies.ts";

// draft → review → approved → published; review → rejected → draft. Published: rollout → available; both may
// be halted and resumed, and yanked for good.

/** The facts about a version and its app that decide which actions are allowed. */
export interface VersionFacts {
  version_code: number;
  status: VersionStatus;
  rollout_percent: number | null;
  halted_at: string | null;
  yanked_at: string | null;
  /** The key's fingerprint, or null once the key is gone. */
  signing_key: string | null;
  is_signing_key_active: boolean;
  /** True when this is the app's version in rollout. */
  is_rollout: boolean;
  /**
   * The fingerprint of the key that has to sign every version of the app; null before anything was published.
   */
  pinned_key: string | null;
  /** The greatest code of the app that was ever published. */
  published_code_max: number | null;
  /** The code of the app that is in review. */
  review_code: number | null;
}

const from: Record<VersionAction, readonly VersionState[]> = {
  change: ["draft", "rejected"],
  delete: ["draft"],
  submit: ["draft", "rejected"],
  withdraw: ["review", "approved"],
  approve: ["review"],
  reject: ["review"],
  publish: ["approved"],
  rollout: ["rollout", "halted"],
  halt: ["rollout", "available"],
  resume: ["halted"],
  complete: ["rollout"],
  yank: ["rollout", "available", "halted", "superseded"],
};

const reviewing = new Set<VersionAction>(["approve", "reject"]);

/** Returns null unless the version is published. */
export function availabilityOf(facts: VersionFacts): Availability | null {
  const { status, rollout_percent: percent, halted_at, yanked_at, is_rollout: isRollout } = facts;
  if (status !== "published") return null;
  if (yanked_at !== null) return "yanked";
  if (percent !== 100 && !isRollout) return "superseded";
  if (halted_at !== null) return "halted";
  return percent === 100 ? "available" : "rollout";
}

export function stateOf(facts: VersionFacts): VersionState {
  const availability = availabilityOf(facts);
  // Only a published version has an availability, so the status of any other version is its state.
  return availability ?? (facts.status as Exclude<VersionStatus, "published">);
}

/** Returns the actions that the viewer may do with the version now. */
export function allowedVersionActions(facts: VersionFacts, viewer: Viewer): VersionAction[] {
  return VersionAction.enum.filter((action) => mayAct(action, viewer) && refusalOf(action, facts) === null);
}

/**
 * Refuses an action that is not allowed.
 * @param facts as they are in the transaction, with the app locked.
 * @throws Problem `permission_missing` (403), `state_conflict` (409) with the remedy.
 */
export function requireVersionAction(action: VersionAction, facts: VersionFacts, viewer: Viewer): void {
  if (!mayAct(action, viewer)) {
    throw problem(
      "permission_missing",
      reviewing.has(action)
        ? "Only a signed-in reviewer may do this, and only for another developer's app."
        : "Only the developer of the app may do this.",
    );
  }
  const refusal = refusalOf(action, facts);
  if (refusal) throw stateConflict(`Version ${facts.version_code}`, refusal);
}

/**
 * Returns true when the viewer may do the action. Nobody reviews their own version; all other actions belong
 * to its developer and to admins.
 */
export function mayAct(action: VersionAction, { role, isDeveloper }: Viewer): boolean {
  if (reviewing.has(action)) return (role === "reviewer" || role === "admin") && !isDeveloper;
  return isDeveloper || role === "admin";
}

/** Returns the reason why the state does not allow the action to anybody, or null when it does. */
export function refusalOf(action: VersionAction, facts: VersionFacts): Refusal | null {
  const state = stateOf(facts);
  if (!from[action].includes(state)) return wayOut(action, state);
  switch (action) {
    case "submit":
      return orderRefusal(facts) ?? queueRefusal(facts) ?? keyRefusal(facts);
    case "publish":
      return orderRefusal(facts) ?? keyRefusal(facts);
    case "rollout":
      return rolloutRefusal(facts);
    default:
      return null;
  }
}

/**
 * Devices take a greater code for a newer version, so a code at or below a published one cannot be published.
 */
export function orderRefusal({
  version_code: code,
  published_code_max: max,
}: Pick<VersionFacts, "version_code" | "published_code_max">): Refusal | null {
  if (max === null || code > max) return null;
  return {
    code: "version_code_too_small",
    message: `is not newer than version ${max}, which was published`,
    fix: `Create a version with a version_code above ${max}.`,
  };
}

/** A newer submission supersedes the one that waits; an older one does not. */
function queueRefusal({ version_code: code, review_code: waiting }: VersionFacts): Refusal | null {
  if (waiting === null || code > waiting) return null;
  return {
    code: "newer_version_in_review",
    message: `is older than version ${waiting}, which is in review`,
    fix: `Withdraw version ${waiting} first, or create a version with a version_code above it.`,
  };
}

/** A running rollout only grows, to 99 percent at most; `complete` takes it to all installs. */
function rolloutRefusal({ rollout_percent: percent, halted_at }: VersionFacts): Refusal | null {
  if (percent === 100) {
    const message = "was halted after it had reached all installs";
    return { code: "version_halted", message, fix: "Resume it, or yank it." };
  }
  if (percent !== 99 || halted_at !== null) return null;
  return {
    code: "rollout_shrinks",
    message: "is at 99 percent",
    fix: "Give it to all installs with :complete, or halt it first: a halted rollout may resume with fewer.",
  };
}

/** A version signed with another key, or with a revoked one, could never be published, even approved. */
export function keyRefusal({
  signing_key: key,
  is_signing_key_active,
  pinned_key: pinned,
}: Pick<VersionFacts, "signing_key" | "is_signing_key_active" | "pinned_key">): Refusal | null {
  if (key === null || !is_signing_key_active) {
    return {
      code: "signing_key_revoked",
      message: "is signed with a key that was revoked",
      fix: "Sign it with an active key, and change signing_key and signature of the draft.",
    };
  }
  if (pinned === null || key === pinned) return null;
  return {
    code: "signing_key_not_pinned",
    message: `is signed with another key than the app's, ${pinned}`,
    fix: "Sign it with that key, or name the new one in POST /v1/apps/{package_id}:rotate-signing-key.",
  };
}
