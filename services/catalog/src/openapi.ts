import { openApiDocument } from "@mosis/http";
import { App, AppChange, NewApp, SigningKeyRotation, Suspension } from "@mosis/types/apps";
import {
  AccountDeletion,
  Developer,
  DeveloperChange,
  DeveloperId,
  EmailChange,
  EmailVerification,
  NewDeveloper,
  PasswordChange,
  PasswordReset,
  PasswordResetRequest,
} from "@mosis/types/developers";
import { Erasure, NewErasure } from "@mosis/types/erasures";
import { AppListing, Listing } from "@mosis/types/listings";
import { LeakReport, LeakReportReceived } from "@mosis/types/key-leaks";
import { Key, KeyChange, KeyRotation, KeyWithSecret, NewKey, PermissionList } from "@mosis/types/keys";
import { SearchHit, SearchPage } from "@mosis/types/search";
import { DeviceVersion, StoreApp, StoreVersion } from "@mosis/types/store";
import { OauthFinish, OauthFlow, OauthProviders, OauthStart } from "@mosis/types/oauth";
import {
  NewPasskey,
  Passkey,
  PasskeyChange,
  PasskeyCreationOptions,
  PasskeyEnrolled,
  PasskeyList,
  PasskeyRequest,
  PasskeyRequestOptions,
} from "@mosis/types/passkeys";
import {
  FactorEnrolled,
  RecoveryCodes,
  SecondFactors,
  TotpConfirmation,
  TotpSecret,
} from "@mosis/types/second-factors";
import {
  NewSession,
  SecondFactorNeeded,
  Session,
  SessionCompletion,
  SessionWithToken,
} from "@mosis/types/sessions";
import { Retention, RetentionChange } from "@mosis/types/retention";
import {
  NewVersion,
  PermissionDiff,
  Publication,
  ReviewNotes,
  Rollout,
  Version,
  VersionChange,
  VersionReason,
} from "@mosis/types/versions";
import { accountMatters } from "./access/authenticate.ts";
import { accountDeletionOperations } from "./accounts/deletion/operations.ts";
import { appOperations } from "./releases/apps/operations.ts";
import { developerOperations } from "./accounts/registration/operations.ts";
import { emailOperations } from "./accounts/email/operations.ts";
import { erasureOperations } from "./telemetry-rules/erasures/operations.ts";
import { listingOperations } from "./releases/listings/operations.ts";
import { keyLeakOperations } from "./keys/leaks/operations.ts";
import { keyOperations } from "./keys/operations.ts";
import { searchOperations } from "./store/search/operations.ts";
import { storeOperations } from "./store/operations.ts";
import { oauthOperations } from "./sign-in/oauth/operations.ts";
import { passwordOperations } from "./accounts/passwords/operations.ts";
import { retentionOperations } from "./telemetry-rules/retention/operations.ts";
import { reviewOperations } from "./releases/reviews/operations.ts";
import { versionOperations } from "./releases/versions/operations.ts";
import { passkeyOperations } from "./sign-in/passkeys/operations.ts";
import { secondFactorOperations } from "./sign-in/second-factors/operations.ts";
import { sessionOperations } from "./sign-in/sessions/operations.ts";
import { signInOperations } from "./sign-in/completion/operations.ts";
import { totpOperations } from "./sign-in/totp/operations.ts";
import { signingKeyOperations } from "./releases/signing-keys/operations.ts";
import { telemetryRestrictionOperations } from "./telemetry-rules/restrictions/operations.ts";
import { telemetryLimitOperations } from "./telemetry-rules/limits/operations.ts";
import { Approval, Rejection, Review, VersionReview } from "@mosis/types/reviews";
import { NewSigningKey, SigningKey, SigningKeyRevocation } from "@mosis/types/signing-keys";
import { TelemetryLimits, TelemetryLimitsChange } from "@mosis/types/telemetry-limits";
import { NewRestriction, Restriction } from "@mosis/types/telemetry-restrictions";
import {
  Delivery,
  DeliveryWithPayload,
  NewWebhook,
  Webhook,
  WebhookChange,
  WebhookPayload,
  WebhookWithSecret,
} from "@mosis/types/webhooks";
import { webhookOperations } from "./webhooks/subscriptions/operations.ts";

/** The values of the examples in the OpenAPI document, by the name of a property. */
const exampleWords: Record<string, unknown> = {
  category: "games",
  cidrs: "192.0.2.0/24",
  description: "Play against friends, or against the clock.",
  disabled: false,
  email: "ada@example.org",
  expires_at: "2027-11-25T10:00:00.000Z",
  grace_seconds: 86_400,
  key_prefix: "mk_4fWq81Z",
  kind: "management",
  name: "Mosis Chess",
  next_cursor: null,
  has_more: false,
  package_id: "org.mosis.chess",
  password: "tram window salt basket",
  permission: "telemetry:write",
  permissions: "telemetry:write",
  reason: "every frame since 2.3.1",
  role: "developer",
  secret: "mk_live_4fWq81Zc…",
  state: "requested",
  status: "published",
  tags: "board",
  telemetry_days: 180,
  telemetry_events_per_day: 20_000_000,
  telemetry_events_per_second: 5000,
  token: "ms_live_…",
};

/** Every operation of the catalog, with the schemas that check its requests. */
export const catalogDocument = openApiDocument({
  title: "Mosis catalog",
  version: "1",
  description:
    "Developers, sessions, apps, keys, and the rules for telemetry. Errors are application/problem+json " +
    "(RFC 9457) with a code from a closed list. A resource of another account looks like a missing one.",
  conventions: { rateLimits: true, idempotencyKeys: true, noSecondFactorFor: accountMatters },
  tags: {
    developers: "Accounts.",
    sessions: "Signing in and out.",
    oauth: "Signing in with a provider.",
    apps: "Apps, by their package ids.",
    keys: "Credentials of servers and of apps.",
    permissions: "The permissions that keys may have.",
    versions: "Releases of an app, from draft to rollout.",
    reviews: "The queue of reviewers.",
    listings: "Proposed names and categories of approved apps.",
    listing: "The last proposed listing of an app.",
    search: "Finding published apps.",
    store: "The data that devices and the store front read.",
    webhooks: "Events of a developer, sent to its servers.",
    deliveries: "Deliveries that were sent to a webhook, and pending ones.",
    "signing-keys": "The public keys that versions are signed with.",
    "telemetry-limits": "The number of events that an app may send.",
    "telemetry-restrictions": "Stopping events that should not have been sent.",
    retention: "The time for which events of an app are kept.",
    erasures: "Deleting the stored data of an install.",
  },
  words: exampleWords,
  schemas: {
    AccountDeletion,
    DeveloperChange,
    EmailChange,
    EmailVerification,
    PasswordChange,
    PasswordReset,
    OauthFinish,
    OauthFlow,
    OauthProviders,
    OauthStart,
    PasswordResetRequest,
    SessionWithToken,
    App,
    Developer,
    DeveloperId,
    NewApp,
    NewDeveloper,
    NewSession,
    Session,
    FactorEnrolled,
    RecoveryCodes,
    SecondFactors,
    TotpConfirmation,
    TotpSecret,
    NewPasskey,
    Passkey,
    PasskeyChange,
    PasskeyCreationOptions,
    PasskeyEnrolled,
    PasskeyList,
    PasskeyRequest,
    PasskeyRequestOptions,
    SecondFactorNeeded,
    SessionCompletion,
    LeakReport,
    LeakReportReceived,
    Key,
    KeyChange,
    KeyRotation,
    KeyWithSecret,
    NewKey,
    PermissionList,
    NewRestriction,
    Restriction,
    TelemetryLimits,
    TelemetryLimitsChange,
    AppListing,
    Approval,
    Listing,
    Rejection,
    Review,
    VersionReview,
    NewSigningKey,
    SigningKey,
    SigningKeyRevocation,
    AppChange,
    SigningKeyRotation,
    Suspension,
    NewVersion,
    PermissionDiff,
    Publication,
    ReviewNotes,
    Rollout,
    Version,
    VersionChange,
    VersionReason,
    DeviceVersion,
    SearchHit,
    SearchPage,
    StoreApp,
    StoreVersion,
    Delivery,
    DeliveryWithPayload,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookPayload,
    WebhookWithSecret,
    Erasure,
    NewErasure,
    Retention,
    RetentionChange,
  },
  operations: [
    ...developerOperations,
    ...emailOperations,
    ...passwordOperations,
    ...accountDeletionOperations,
    ...oauthOperations,
    ...sessionOperations,
    ...signInOperations,
    ...secondFactorOperations,
    ...totpOperations,
    ...passkeyOperations,
    ...appOperations,
    ...versionOperations,
    ...keyOperations,
    ...keyLeakOperations,
    ...signingKeyOperations,
    ...reviewOperations,
    ...listingOperations,
    ...webhookOperations,
    ...telemetryLimitOperations,
    ...telemetryRestrictionOperations,
    ...retentionOperations,
    ...erasureOperations,
    ...searchOperations,
    ...storeOperations,
  ],
});
