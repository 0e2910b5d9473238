import { parse, problem } from "@mosis/http";
import { type Queryable, sql } from "@mosis/postgres";
import { type AppAction, SigningKeyRotation, Suspension } from "@mosis/types/apps";
import type { TSchema } from "typebox";
import { requireVerified } from "../../developers/verified.ts";
import { shareActiveKey } from "../versions/signature.ts";
import type { Viewer } from "../../access/principal.ts";
import { type AppRow, updateApp } from "./queries.ts";

/** An action on an app: how it is recorded, and what it does once it is known to be allowed. */
export interface AppActionRoute {
  name: AppAction;
  /** Name in generated clients. */
  id: string;
  summary: string;
  /** The last word of the audit event's name: `app.<done>`. */
  done: string;
  /** Only a session may do what a leaked key must not do, and that session has to be recent. */
  access: "apps:write" | "session";
  /** The schema of the body; null when the action takes none. */
  body: TSchema | null;
  prepare(body: unknown): AppStep;
}

export type AppStep = (tx: Queryable, app: AppRow, viewer: Viewer) => Promise<unknown>;

export const appActions: AppActionRoute[] = [
  {
    name: "publish",
    id: "publishApp",
    done: "published",
    access: "apps:write",
    body: null,
    summary: "Show an app that has a published version in the store",
    prepare: () => async (tx, app) => {
      await requireVerified(tx, app.developer_id);
      await updateApp(tx, app.id, sql`status = 'published'`);
    },
  },
  {
    name: "suspend",
    id: "suspendApp",
    done: "suspended",
    access: "apps:write",
    body: Suspension,
    summary: "Take an app out of the store; an admin gives a reason, and then only an admin can restore it",
    prepare(sent) {
      const { reason = null } = parse(Suspension, sent, "body");
      return (tx, app, { isDeveloper }) => {
        if (!isDeveloper && reason === null) throw reasonMissing();
        const by = isDeveloper ? "developer" : "admin";
        return updateApp(
          tx,
          app.id,
          sql`status = 'suspended', suspended_by = ${by}, suspend_reason = ${reason}`,
        );
      };
    },
  },
  {
    name: "restore",
    id: "restoreApp",
    done: "restored",
    access: "apps:write",
    body: null,
    summary: "Show a suspended app in the store again",
    prepare: () => (tx, app) =>
      updateApp(tx, app.id, sql`status = 'published', suspended_by = null, suspend_reason = null`),
  },
  {
    name: "rotate-signing-key",
    id: "rotateSigningKey",
    done: "signing_key_rotated",
    access: "session",
    body: SigningKeyRotation,
    summary: "Let another key sign the next versions of an app",
    prepare(sent) {
      const { signing_key: fingerprint } = parse(SigningKeyRotation, sent, "body");
      return async (tx, app) => {
        await shareActiveKey(tx, app.developer_id, fingerprint);
        await updateApp(tx, app.id, sql`signing_fingerprint = ${fingerprint}`);
      };
    },
  },
];

function reasonMissing() {
  const fix = "Send a reason: the developer reads it.";
  return problem("invalid_request", "An admin who suspends an app must give a reason.", {
    errors: [{ pointer: "/reason", code: "required", message: "is missing", fix }],
  });
}
