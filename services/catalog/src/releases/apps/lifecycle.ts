import { problem } from "@mosis/http";
import { AppAction, type AppStatus } from "@mosis/types/apps";
import type { Viewer } from "../../access/principal.ts";
import { type Refusal, stateConflict } from "../../shared/refusal.ts";

// draft → published ⇄ suspended.

/** The facts about an app that decide which actions are allowed. */
export interface AppFacts {
  status: AppStatus;
  suspended_by: "developer" | "admin" | null;
  /** True when some device would get a version of the app if the app were published. */
  has_release: boolean;
  /** Null before anything was published. */
  signing_key: string | null;
}

/** Returns the actions that the viewer may do with the app now. The viewer has it within reach. */
export function allowedAppActions(facts: AppFacts, viewer: Viewer): AppAction[] {
  return AppAction.enum.filter((action) => refusalOf(action, facts, viewer) === null);
}

/**
 * Refuses an action that is not allowed.
 * @param facts as they are in the transaction, with the app locked.
 * @throws Problem `permission_missing` (403), `state_conflict` (409) with the remedy.
 */
export function requireAppAction(action: AppAction, facts: AppFacts, viewer: Viewer): void {
  const refusal = refusalOf(action, facts, viewer);
  if (refusal === null) return;
  if (refusal === adminsAlone) throw problem("permission_missing", `The app ${refusal.message}.`);
  throw stateConflict("The app", refusal);
}

const adminsAlone: Refusal = {
  code: "suspended_by_admin",
  message: "was suspended by an admin: only an admin who does not own it can restore it",
  fix: "Ask an admin.",
};

const standing: Record<AppStatus, Pick<Refusal, "code" | "message">> = {
  draft: { code: "app_draft", message: "is a draft" },
  published: { code: "app_published", message: "is published" },
  suspended: { code: "app_suspended", message: "is suspended" },
};

const nothing = "Nothing has to be done.";

/** The remedy when a status does not allow an action. Statuses that are left out allow it. */
const wayOut: Record<AppAction, Partial<Record<AppStatus, string>>> = {
  change: {},
  delete: { published: "Suspend it first: a deleted app cannot be restored." },
  publish: { published: nothing, suspended: "Restore it." },
  suspend: { draft: "Nothing has to be done: nobody sees it.", suspended: nothing },
  restore: { draft: "Publish it.", published: nothing },
  "rotate-signing-key": {},
};

/** Returns the reason why the action is not allowed, or null when it is. */
export function refusalOf(action: AppAction, facts: AppFacts, viewer: Viewer): Refusal | null {
  const { status, suspended_by: suspendedBy } = facts;
  const judges = viewer.role === "admin" && !viewer.isDeveloper;
  // A developer could lift their own suspension at any moment. An admin may therefore take it over.
  if (action === "suspend" && suspendedBy === "developer" && judges) return null;
  const fix = wayOut[action][status];
  if (fix !== undefined) return { ...standing[status], fix };
  if (action === "restore" && suspendedBy === "admin" && !judges) return adminsAlone;
  if (action === "publish" && !facts.has_release) return withoutRelease;
  if (action === "rotate-signing-key" && facts.signing_key === null) return withoutKey;
  return null;
}

const withoutRelease: Refusal = {
  code: "no_published_version",
  message: "has no published version that devices could get",
  fix: "Create a version, submit it, and publish it once it is approved. Then publish the app.",
};

const withoutKey: Refusal = {
  code: "no_signing_key",
  message: "has no signing key yet",
  fix: "Sign its first version with any key of yours: publishing that pins the key.",
};
