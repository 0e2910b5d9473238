import type { VersionAction, VersionState } from "@mosis/types/versions";
import type { Refusal } from "../../shared/refusal.ts";

const standing: Record<VersionState, string> = {
  draft: "is a draft",
  review: "is in review",
  approved: "is approved and not published",
  rejected: "was rejected",
  rollout: "is being rolled out",
  available: "is available to all installs",
  halted: "is halted",
  superseded: "was superseded by a newer version before all installs got it",
  yanked: "was yanked",
};

const newer = "Create, submit and publish a version with a greater version_code.";
const published = { rollout: newer, available: newer, halted: newer, superseded: newer, yanked: newer };
const withdraw = "Withdraw it, which makes it a draft again.";
const wait = "Wait for its review, or withdraw it.";
const submit = "Submit it, and publish it once it is approved.";
const publish = "Publish it.";
const reviewed = "It was already reviewed: there is nothing left to decide.";
const unsubmitted = "Its developer has to submit it first.";
const keep = "Nothing has to be done: no install gets it.";
const unpublished = { draft: submit, rejected: submit, review: wait, approved: publish };
const over = { superseded: newer, yanked: newer };

/** The remedy when a state does not allow an action. States that are left out allow it. */
const ways: Record<VersionAction, Partial<Record<VersionState, string>>> = {
  change: { ...published, review: withdraw, approved: withdraw },
  delete: {
    review: withdraw,
    approved: withdraw,
    rejected: "Change it, which makes it a draft again, and delete the draft.",
    ...all(["rollout", "available", "halted", "superseded"], "Yank it: what was published is never deleted."),
    yanked: keep,
  },
  submit: { ...published, review: wait, approved: publish },
  withdraw: {
    draft: "Change or delete it: nobody reviews it.",
    rejected: "Change it: nobody reviews it.",
    ...all(["rollout", "available"], "Halt or yank it."),
    halted: "Yank it.",
    superseded: keep,
    yanked: keep,
  },
  approve: reviewOnly(),
  reject: reviewOnly(),
  publish: {
    draft: submit,
    rejected: submit,
    review: wait,
    rollout: "Raise its percent with :rollout, or :complete it.",
    available: "Nothing has to be done: it is published.",
    halted: "Resume it.",
    ...over,
  },
  rollout: { ...unpublished, ...over, available: "Halt or yank it to stop offering it to installs." },
  halt: { ...unpublished, ...all(["halted", "superseded", "yanked"], keep) },
  resume: { ...unpublished, ...all(["rollout", "available"], "Nothing has to be done: it runs."), ...over },
  complete: {
    ...unpublished,
    available: "Nothing has to be done: all installs get it.",
    halted: "Resume it first.",
    ...over,
  },
  yank: {
    draft: "Delete it.",
    rejected: "Change it, which makes it a draft again, and delete the draft.",
    review: withdraw,
    approved: withdraw,
    yanked: keep,
  },
};

/**
 * Returns the remedy.
 * @throws Error when the state allows the action, which is a bug of ours.
 */
export function wayOut(action: VersionAction, state: VersionState): Refusal {
  const fix = ways[action][state];
  if (fix === undefined) throw new Error(`There is no remedy for ${action} in ${state}.`);
  return { code: `version_${state}`, message: standing[state], fix };
}

function reviewOnly(): Partial<Record<VersionState, string>> {
  return {
    draft: unsubmitted,
    rejected: unsubmitted,
    ...all(["approved", "rollout", "available", "halted", "superseded", "yanked"], reviewed),
  };
}

function all(states: VersionState[], fix: string): Partial<Record<VersionState, string>> {
  return Object.fromEntries(states.map((state) => [state, fix]));
}
