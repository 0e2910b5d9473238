import type { ClientAddress, RateLimits } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import type { Router } from "express";
import { accountDeletionRoutes } from "./account-deletion/routes.ts";
import type { Authenticate } from "./auth.ts";
import type { Credentials } from "./credentials.ts";
import { createConfirm, createConfirmPassword } from "./developers/confirm.ts";
import type { Passwords } from "./developers/password.ts";
import { developerRoutes } from "./developers/routes.ts";
import { emailChangeRoutes } from "./email/change-routes.ts";
import { createProveAccount } from "./email/prove.ts";
import { emailRoutes } from "./email/routes.ts";
import { createFlows } from "./oauth/flows.ts";
import { oauthLinkRoutes } from "./oauth/link-routes.ts";
import { createProviders } from "./oauth/providers.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import type { ProviderSettings } from "./oauth/settings.ts";
import { passwordResetRoutes } from "./passwords/reset-routes.ts";
import { passwordRoutes } from "./passwords/routes.ts";
import { createBeginSession } from "./sessions/create.ts";
import { sessionRevokeRoutes } from "./sessions/revoke-routes.ts";
import { sessionRoutes } from "./sessions/routes.ts";
import { createSignIn } from "./sessions/sign-in.ts";
import { allSecondFactorRoutes, type SecondFactorOptions } from "./second-factor-routes.ts";
import { createAnswerFirstFactor } from "./sign-ins/first-factor.ts";
import { createAccountThrottle } from "./throttle/account.ts";
import { accountLimits } from "./throttle/limits.ts";

export interface AccountOptions extends SecondFactorOptions {
  sessionHours: number;
  sessionIdleMinutes: number;
  oidcProviders: ProviderSettings[];
  /** See `createProviders`. */
  oidcRereadMs?: number;
  /** Told when a mail was committed, see `startMailSender`. */
  mails: { wake(): void };
}

/** Registering, signing in, and everything about an account. */
export function accountRoutes(
  options: AccountOptions & {
    db: Pool;
    log: Logger;
    authenticate: Authenticate;
    credentials: Credentials;
    limits: RateLimits;
    clientAddress: ClientAddress;
    passwords: Passwords;
  },
): Router[] {
  const { db, log, authenticate, credentials, limits, passwords, mails } = options;
  const accounts = createAccountThrottle({ db, limits: accountLimits });
  const signIn = createSignIn({ db, credentials, passwords, accounts });
  const prove = createProveAccount({ db, authenticate, passwords, accounts });
  const confirm = createConfirm({ db, passwords, accounts });
  const confirmPassword = createConfirmPassword({ db, passwords, accounts });
  const providers = createProviders(options.oidcProviders, { log, rereadMs: options.oidcRereadMs });
  const flows = createFlows({ db, providers });
  const life = { hours: options.sessionHours, idleMinutes: options.sessionIdleMinutes };
  const beginSession = createBeginSession({ clientAddress: options.clientAddress, life });
  const answerFirstFactor = createAnswerFirstFactor({ beginSession });
  const account = { db, authenticate, credentials, limits, confirm, passwords, accounts, mails };
  return [
    developerRoutes(account),
    emailRoutes({ ...account, prove }),
    emailChangeRoutes(account),
    passwordRoutes(account),
    passwordResetRoutes(account),
    accountDeletionRoutes(account),
    sessionRoutes({ db, authenticate, credentials, limits, signIn, answerFirstFactor }),
    sessionRevokeRoutes(account),
    oauthRoutes({ db, credentials, limits, providers, flows, answerFirstFactor }),
    ...allSecondFactorRoutes({ ...options, accounts, beginSession, confirmPassword }),
    oauthLinkRoutes({ db, authenticate, flows, mails }),
  ];
}
