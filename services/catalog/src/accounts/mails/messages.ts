import type { Purpose } from "../tokens/token.ts";
import type { Mail, MailKind } from "../../developers/mail-queue.ts";

/** The text of a mail. */
export interface Message {
  subject: string;
  text: string;
}

/** The purpose and lifetime of the token in each kind of mail that has one. */
export const mailedTokens: Partial<Record<MailKind, { purpose: Purpose; minutes: number }>> = {
  email_verification: { purpose: "email_verification", minutes: 24 * 60 },
  email_change: { purpose: "email_change", minutes: 24 * 60 },
  password_reset: { purpose: "password_reset", minutes: 60 },
};

/**
 * Returns the words of a mail. They never repeat what a developer has typed, so that nobody sends their own
 * text to others in our name.
 * @param portalUrl the pages that take a token; null when it is sent to the API by hand.
 */
export function messageOf(
  { kind, subjects }: Pick<Mail, "kind" | "subjects">,
  token: string | null,
  portalUrl: string | null,
): Message {
  const { subject, lines } = words[kind];
  const list = subjects.length === 0 ? [] : ["", ...subjects];
  const way = token === null ? [] : ["", ...wayOf(kind, token, portalUrl)];
  return { subject, text: [...lines, ...list, ...way, ""].join("\n") };
}

const ifNotYou =
  "If it was not you, reset your password now, and end the sessions and keys that you do not know.";

const words: Record<MailKind, { subject: string; lines: string[] }> = {
  email_verification: {
    subject: "Confirm your e-mail address",
    lines: [
      "Somebody, probably you, has registered at Mosis with this e-mail address.",
      "Confirm it within 24 hours, with the password of the account. If it was not you, do nothing, or ask",
      "for a new password: the account is yours then, and nothing that was made with it stays.",
    ],
  },
  email_change: {
    subject: "Confirm your new e-mail address",
    lines: [
      "Somebody, probably you, wants to use this e-mail address for their account at Mosis.",
      "Confirm it within 24 hours, with the password of the account. If it was not you, do nothing.",
    ],
  },
  email_changed: {
    subject: "Your e-mail address was changed",
    lines: [
      "Your account at Mosis has another e-mail address now. This one is no longer used.",
      "If it was not you, write to us at once.",
    ],
  },
  password_reset: {
    subject: "Choose a new password",
    lines: [
      "Somebody, probably you, has forgotten the password of the account with this e-mail address at Mosis.",
      "Choose a new one within an hour. If it was not you, do nothing: your password stays the same.",
    ],
  },
  password_changed: {
    subject: "Your password was changed",
    lines: [
      "The password of your account at Mosis was changed. When it was reset, all sessions have ended, the",
      "provider is unlinked, and management keys and webhooks wait: confirm those that you know, and delete",
      "the others.",
      ifNotYou,
    ],
  },
  oauth_linked: {
    subject: "Another way to sign in was added",
    lines: ["Your account at Mosis can now be signed in to with another provider.", ifNotYou],
  },
  key_issued: {
    subject: "A management key was made, or got a new secret",
    lines: [
      "A management key of your account at Mosis was made, changed to do more, or given another secret. The",
      "list below has the beginning of its secret.",
      ifNotYou,
    ],
  },
  signing_key_added: {
    subject: "A signing key was added to your account",
    lines: ["A key that signs versions was added to your account at Mosis.", ifNotYou],
  },
  webhook_issued: {
    subject: "A webhook was made or changed",
    lines: [
      "A webhook of your account at Mosis, by its id in the list below, was made, pointed elsewhere, or",
      "given another secret. It receives the events of your account.",
      ifNotYou,
    ],
  },
  key_leaked: {
    subject: "Secrets of your keys are public",
    lines: [
      "Somebody has found secrets of keys of yours at Mosis in public, and reported them. The list below",
      "has the beginning of each. A management key does not work any more: rotate it, and enable it. Keys",
      "that it has made do not work either: enable those that you know, and delete the others. An ingest",
      "key keeps working. Each key shows when it was reported, its audit event where the secret was found.",
    ],
  },
  new_device: {
    subject: "A new device has signed in to your account",
    lines: [
      "Somebody, probably you, has signed in to your account at Mosis from a network or with a program that",
      "it was not used with in the last 90 days. GET /v1/sessions shows when, from where and with what.",
      ifNotYou,
    ],
  },
  second_factor_added: {
    subject: "A second factor was added",
    lines: ["An authenticator app or a passkey was added to your account at Mosis.", ifNotYou],
  },
  second_factor_removed: {
    subject: "A second factor was removed",
    lines: ["An authenticator app or a passkey was removed from your account at Mosis.", ifNotYou],
  },
  second_factors_reset: {
    subject: "Your second factors were reset",
    lines: [
      "Somebody who runs Mosis has removed every authenticator app, passkey and recovery code of your",
      "account, and ended all its sessions. If you did not ask for that, write to us at once.",
    ],
  },
  recovery_codes_replaced: {
    subject: "Your recovery codes were replaced",
    lines: ["Your account at Mosis has new recovery codes, and the old ones no longer work.", ifNotYou],
  },
  recovery_code_used: {
    subject: "A recovery code was used",
    lines: [
      "Somebody, probably you, has signed in to your account at Mosis with one of your recovery codes.",
      "GET /v1/developers/me/second-factors shows how many are left.",
      ifNotYou,
    ],
  },
  account_deleted: {
    subject: "Your account was deleted",
    lines: ["Your account at Mosis was deleted, with its apps and keys. This is the last mail from us."],
  },
};

/** The token stands after a `#`, which browsers do not send: in a query it would be in logs and referrers. */
function wayOf(kind: MailKind, token: string, portalUrl: string | null): string[] {
  const isReset = kind === "password_reset";
  if (portalUrl !== null) {
    const page = `${portalUrl.replace(/\/$/, "")}/${isReset ? "reset-password" : "verify-email"}`;
    return [`${page}#token=${token}`];
  }
  const body = `{"token":"${token}","${isReset ? "new_password" : "password"}":"…"}`;
  return [`POST /v1/developers:${isReset ? "reset-password" : "verify-email"}`, body];
}
