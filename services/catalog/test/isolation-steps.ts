import { randomUUID } from "node:crypto";
import { accountSteps, passwordOf } from "./isolation-accounts.ts";
import { createFound, type Detail, type Found, type Step, step, type Who } from "./isolation-step.ts";
import { fingerprintOf, newSigningKey, newVersion } from "./signing.ts";

const packageId = "org.mosis.isolated";
const draftId = "org.mosis.draft";
const app = { package_id: packageId };
const reason = () => ({ reason: "a fault" });

type Ids = Record<"owner" | "other" | "reviewer", string>;

/** @param ids of the developers, whose signing keys are proved with them. */
export function isolationSteps(ids: Ids): Step[] {
  const found = createFound();
  const release = newSigningKey(ids.owner);
  const next = newSigningKey(ids.owner);
  const signed = { otherApp: 403 };
  return [
    ...accountSteps(found),
    ...appSteps(),
    ...[release, next].map((key) =>
      step("createSigningKey", 201, {
        others: signed,
        keep: found.keep("signing key"),
        body: (who) => (who === "owner" ? key : newSigningKey(developerOf(ids, who))).body,
      }),
    ),
    step("listSigningKeys", 200),
    step("getSigningKey", 200, { params: found.one("signing key"), others: { otherApp: 200 } }),
    ...releaseSteps(found, keyOf(release)),
    step("rotateSigningKey", 200, { params: app, body: () => ({ signing_key: keyOf(next).fingerprint }) }),
    ...telemetrySteps(found),
    ...keySteps(found),
    ...webhookSteps(found),
    step("revokeSigningKey", 200, { params: found.one("signing key"), others: signed, body: reason }),
    step("deleteApp", 204, { params: { package_id: draftId } }),
    // With the app published it is refused to its owner, and without a password to everybody.
    step("deleteAccount", 409, {
      body: (who) => (who === "owner" ? { password: passwordOf("owner") } : {}),
      others: { other: 403, reviewer: 403 },
    }),
    step("deleteSession", 204),
  ];
}

function appSteps(): Step[] {
  const create = (id: string, prefix: string) =>
    step("createApp", 201, {
      others: { otherApp: 403 },
      body: (who) => ({ package_id: who === "owner" ? id : ofOthers(prefix, who), name: "An app" }),
    });
  return [
    create(packageId, "of"),
    create(draftId, "by"),
    step("listApps", 200),
    step("getApp", 200, { params: app }),
    step("changeApp", 200, { params: app, body: () => ({ description: "changed" }) }),
  ];
}

function releaseSteps(found: Found, key: ReturnType<typeof keyOf>): Step[] {
  const version = (version_code: string) => ({ ...app, version_code });
  const act = (action: string, code: string, body?: () => object) =>
    step(`${action}Version`, 200, { params: version(code), ...(body ? { body } : {}) });
  const create = (code: number) =>
    step("createVersion", 201, { params: app, body: () => newVersion(code, key) });
  return [
    ...[1, 2, 3].map(create),
    step("listVersions", 200, { params: app }),
    step("getVersion", 200, { params: version("1") }),
    step("changeVersion", 200, { params: version("1"), body: () => ({ version_name: "changed" }) }),
    step("getPermissionDiff", 200, { params: version("1") }),
    act("submit", "1"),
    act("withdraw", "1"),
    act("submit", "1"),
    step("getVersionReview", 200, { params: version("1") }),
    ...reviewSteps(found, "approve", { notes: "fine" }),
    act("publish", "1", () => ({ rollout_percent: 5 })),
    step("publishApp", 200, { params: app }),
    step("searchApps", 200, { query: "?q=isolated" }),
    act("rollout", "1", () => ({ rollout_percent: 10 })),
    act("halt", "1", reason),
    act("resume", "1"),
    act("complete", "1"),
    step("getStoreApp", 200, { params: app }),
    step("getVersionForDevice", 200, { params: app, query: "?mosis_version=9.0.0" }),
    step("suspendApp", 200, { params: app, body: reason }),
    step("restoreApp", 200, { params: app }),
    ...listingSteps(found),
    act("yank", "1", reason),
    act("submit", "2"),
    ...reviewSteps(found, "reject", { codes: ["package_unavailable"], notes: "It is not there." }),
    step("deleteVersion", 204, { params: version("3") }),
  ];
}

function reviewSteps(found: Found, decision: "approve" | "reject", body: object): Step[] {
  const params = found.one("review");
  return [
    step("listReviews", 200, { keep: found.keep("review") }),
    step("getReview", 200, { params }),
    step("claimReview", 200, { params }),
    step("releaseReview", 200, { params }),
    step("claimReview", 200, { params }),
    step(`${decision}Review`, 200, { params, body: () => body }),
  ];
}

function listingSteps(found: Found): Step[] {
  const params = found.one("listing");
  const decided = (decision: "approve" | "reject", name: string, body: object) => [
    step("changeApp", 200, { params: app, body: () => ({ name }) }),
    step("listListings", 200, { keep: found.keep("listing") }),
    step("getListing", 200, { params }),
    step(`${decision}Listing`, 200, { params, body: () => body }),
  ];
  return [
    ...decided("approve", "Another name", {}),
    ...decided("reject", "One more", { codes: ["name_confusing"], notes: "It is no bank." }),
    step("getAppListing", 200, { params: app }),
  ];
}

function telemetrySteps(found: Found): Step[] {
  const params = found.one("restriction");
  const restriction = (who: Who) => ({
    event_name: "noise",
    action: "drop",
    reason: "too much",
    ...(who === "otherApp" ? app : {}),
  });
  const limits = { telemetry_events_per_second: 9 };
  return [
    step("getTelemetryLimits", 200, { params: app }),
    step("changeTelemetryLimits", 200, { params: app, body: () => limits }),
    step("getRetention", 200, { params: app }),
    step("changeRetention", 200, { params: app, body: () => ({ telemetry_days: 7 }) }),
    step("requestErasure", 202, { params: app, body: () => ({ install_id: randomUUID() }) }),
    step("createTelemetryRestriction", 201, {
      body: restriction,
      others: { otherApp: 422 },
      keep: found.keep("restriction"),
    }),
    step("listTelemetryRestrictions", 200),
    step("getTelemetryRestriction", 200, { params }),
    step("liftTelemetryRestriction", 204, { params }),
  ];
}

function keySteps(found: Found): Step[] {
  const params = found.one("key");
  const key = (who: Who) => ({
    name: "k",
    kind: "ingest",
    package_ids: [who === "owner" || who === "otherApp" ? packageId : ofOthers("of", who)],
  });
  return [
    step("listPermissions", 200),
    step("createKey", 201, { body: key, others: { otherApp: 422 }, keep: found.keep("key") }),
    step("listKeys", 200),
    step("getKey", 200, { params }),
    step("changeKey", 200, { params, body: () => ({ name: "renamed" }) }),
    step("rotateKey", 200, { params, body: () => ({ grace_seconds: 60 }) }),
    step("adoptKey", 200, { params }),
    step("reportLeakedKeys", 202, { once: true, body: () => [{ token: "mi_live_none" }] }),
    step("confirmKey", 200, { params }),
    step("deleteKey", 204, { params }),
  ];
}

function webhookSteps(found: Found): Step[] {
  const params = found.one("webhook");
  const ofDelivery = () => ({ ...params(), delivery: found.one("delivery")().id });
  const webhook = () => ({ url: "https://ci.example.org/hooks", event_types: ["version.*"] });
  // They tell of every app, so a key of listed ones may do nothing here.
  const all = (id: string, status: number, detail: Detail = {}) =>
    step(id, status, { others: { otherApp: 403 }, ...detail });
  return [
    all("createWebhook", 201, { body: webhook, keep: found.keep("webhook") }),
    all("listWebhooks", 200),
    all("getWebhook", 200, { params }),
    all("updateWebhook", 200, { params, body: () => ({ description: "changed" }) }),
    all("rotateWebhookSecret", 200, { params }),
    all("pingWebhook", 202, { params }),
    all("listWebhookDeliveries", 200, { params, keep: found.keep("delivery") }),
    all("getWebhookDelivery", 200, { params: ofDelivery }),
    // Nobody delivers in this test, so the ping is pending.
    all("redeliverWebhookDelivery", 409, { params: ofDelivery }),
    all("confirmWebhook", 200, { params }),
    all("deleteWebhook", 204, { params }),
  ];
}

function developerOf(ids: Ids, who: Who): string {
  return who === "other" || who === "reviewer" ? ids[who] : ids.owner;
}

/** What others make while they try the same, so that nothing is in the owner's way. */
function ofOthers(prefix: string, who: Who): string {
  return `org.mosis.${prefix}_${who.toLowerCase()}`;
}

function keyOf({ privateKey }: ReturnType<typeof newSigningKey>) {
  return { privateKey, fingerprint: fingerprintOf(privateKey) };
}
