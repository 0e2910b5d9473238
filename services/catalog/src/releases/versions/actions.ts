import { parse } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import { Publication, Rollout, type VersionAction, VersionReason } from "@mosis/types/versions";
import Type, { type Static, type TSchema } from "typebox";
import { requireVerified } from "../../developers/verified.ts";
import { stateConflict } from "../../shared/refusal.ts";
import { closeReview, openReview } from "../reviews/changes.ts";
import { requireSignature } from "./signature.ts";
import { supersedeWaiting, updateReleases, updateVersion, type VersionRow } from "./queries.ts";

/** A developer's action: how it is recorded, and what it does once it is known to be allowed. */
export interface DeveloperAction {
  name: VersionAction;
  summary: string;
  /** The last word of the audit event's name: `version.<done>`. */
  done: string;
  /** The schema of the body; null when the action takes none. */
  body: TSchema | null;
  /** True when devices may get something else afterwards. */
  releases: boolean;
  /**
   * Reads the body, and returns the function that runs in the transaction. That function returns the version
   * that was superseded.
   */
  prepare(body: unknown): (tx: Queryable, version: VersionRow) => Promise<Superseded | null>;
}

interface Superseded {
  id: string;
}

const None = Type.Undefined();

export const developerActions: DeveloperAction[] = [
  define({
    name: "submit",
    done: "submitted",
    body: None,
    releases: false,
    summary: "Submit a version for review; a waiting version with a smaller code becomes a draft again",
    async apply(tx, { id, app_id, developer_id, ...version }) {
      await requireVerified(tx, developer_id);
      if (version.signing_key === null) throw new Error("A version without a signing key was let through.");
      await requireSignature(tx, developer_id, { ...version, signing_key: version.signing_key });
      const superseded = await supersedeWaiting(tx, app_id);
      if (superseded) await closeReview(tx, app_id, "superseded");
      await updateVersion(tx, id, sql`status = 'review', submitted_at = now()`);
      await openReview(tx, id);
      return superseded;
    },
  }),
  define({
    name: "withdraw",
    done: "withdrawn",
    body: None,
    releases: false,
    summary: "Withdraw a version from review, or an approved one: it becomes a draft again",
    async apply(tx, { id, app_id, status }) {
      await updateVersion(tx, id, sql`status = 'draft'`);
      if (status === "review") await closeReview(tx, app_id, "withdrawn");
      return null;
    },
  }),
  define({
    name: "publish",
    done: "published",
    body: Publication,
    releases: true,
    summary: "Publish an approved version to all installs, or to a percentage of them",
    async apply(
      tx,
      { id, app_id, developer_id, signing_key, rollout_version_id },
      { rollout_percent = 100 },
    ) {
      await requireVerified(tx, developer_id);
      await updateVersion(
        tx,
        id,
        sql`status = 'published', published_at = now(), rollout_percent = ${rollout_percent}`,
      );
      await updateReleases(tx, app_id, signing_key);
      return rollout_version_id === null ? null : { id: rollout_version_id };
    },
  }),
  define({
    name: "rollout",
    done: "rollout_changed",
    body: Rollout,
    releases: true,
    summary:
      "Change the percentage of a rollout: only upwards while it runs, to any value while it is halted",
    async apply(tx, version, { rollout_percent }) {
      requireUpward(version, rollout_percent);
      await updateVersion(tx, version.id, sql`rollout_percent = ${rollout_percent}`);
      await updateReleases(tx, version.app_id, null);
      return null;
    },
  }),
  define({
    name: "halt",
    done: "halted",
    body: VersionReason,
    releases: true,
    summary: "Stop offering a published version to installs until it is resumed",
    async apply(tx, { id, app_id }, { reason }) {
      await updateVersion(tx, id, sql`halted_at = now(), halt_reason = ${reason}`);
      await updateReleases(tx, app_id, null);
      return null;
    },
  }),
  define({
    name: "resume",
    done: "resumed",
    body: None,
    releases: true,
    summary: "Resume a halted version where it stopped",
    async apply(tx, { id, app_id }) {
      await updateVersion(tx, id, sql`halted_at = null, halt_reason = null`);
      await updateReleases(tx, app_id, null);
      return null;
    },
  }),
  define({
    name: "complete",
    done: "completed",
    body: None,
    releases: true,
    summary: "Complete a rollout: all installs get the version",
    async apply(tx, { id, app_id }) {
      await updateVersion(tx, id, sql`rollout_percent = 100`);
      await updateReleases(tx, app_id, null);
      return null;
    },
  }),
  define({
    name: "yank",
    done: "yanked",
    body: VersionReason,
    releases: true,
    summary: "Yank a published version for good, for a reason that everybody sees",
    async apply(tx, { id, app_id }, { reason }) {
      await updateVersion(tx, id, sql`yanked_at = now(), yank_reason = ${reason}`);
      await updateReleases(tx, app_id, null);
      return null;
    },
  }),
];

interface Definition<T extends TSchema> extends Omit<DeveloperAction, "body" | "prepare"> {
  body: T;
  apply(tx: Queryable, version: VersionRow, body: Static<T>): Promise<Superseded | null>;
}

function define<T extends TSchema>(action: Definition<T>): DeveloperAction {
  const { name, summary, done, releases, body: schema } = action;
  return {
    name,
    summary,
    done,
    releases,
    body: schema === (None as TSchema) ? null : schema,
    prepare(sent) {
      const body = parse(schema, sent, "body");
      return (tx, version) => action.apply(tx, version, body);
    },
  };
}

/** Installs that have a version keep it: a running rollout cannot shrink, only stop. */
function requireUpward({ version_code, rollout_percent: now, halted_at }: VersionRow, next: number): void {
  if (halted_at !== null || now === null || next > now) return;
  throw stateConflict(`Version ${version_code}`, {
    code: "rollout_shrinks",
    message: `is at ${now} percent`,
    fix: `Send more than ${now}, or halt it first: a halted rollout may be resumed with fewer.`,
  });
}
